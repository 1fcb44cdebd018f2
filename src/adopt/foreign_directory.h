// The directory that `init --adopt --from` names. It becomes ROOT/current.
#ifndef RELEASE_ADOPT_FOREIGN_DIRECTORY_H_
#define RELEASE_ADOPT_FOREIGN_DIRECTORY_H_

#include <string>

#include "base/host_path.h"
#include "os/fs.h"

namespace release {

class ForeignDirectory {
 public:
  // `machine` is an Fs whose root is "/"; it is borrowed. Both paths are
  // absolute, without "." and ".."; `root` need not exist yet.
  ForeignDirectory(Fs* machine, const HostPath& from, const HostPath& root);

  enum class Where { kInPlace, kMoved };
  // Changes nothing. Returns kMoved if an earlier run moved the directory
  // already. Throws Error kNotAdoptable if it cannot move to ROOT/current, and
  // kRootUnsafe if the caller is root and another user can write in the
  // directory that holds it.
  [[nodiscard]] Where Examine() const;

  // Makes the layout in `root`, the Fs of the app's root. Then moves the
  // directory to ROOT/current and leaves a link in its place, both in one
  // atomic step. Throws FsError. Durable on return.
  void Move(Fs* root) const;

  // Returns the move in words, for --dry-run.
  std::string Describe() const;

 private:
  HostPath Current() const;
  Where ExamineLink() const;
  void RequireRootElsewhere() const;
  void RequireNoCurrent() const;
  void RequireOneMount() const;
  void RequireOnlyRootMoves() const;

  Fs* machine_;
  const HostPath root_;
  const HostPath name_;  // as the caller gave it, for messages
  const HostPath path_;
};

}  // namespace release

#endif  // RELEASE_ADOPT_FOREIGN_DIRECTORY_H_
