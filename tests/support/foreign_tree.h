// In-memory roots as another deploy tool, or a person, leaves them.
#ifndef RELEASE_TESTS_SUPPORT_FOREIGN_TREE_H_
#define RELEASE_TESTS_SUPPORT_FOREIGN_TREE_H_

#include <optional>
#include <string>

#include "support/mem_fs.h"

namespace release {

// Returns a root of Capistrano, all of it durable: releases 1, 2 and 3,
// revisions.log, and `current`, an absolute link to /srv/shop/releases/3.
MemFs CapistranoTree();

// Returns a durable root without releases: `current` is a directory that holds
// the app.
MemFs PlainTree();

// Makes a release tree at `path`, whose file "index" contains `text`.
void MakeForeignRelease(Fs* fs, const std::string& path,
                        const std::string& text);

// Returns the content of "index" as read through `current`, or "" if any
// component of that path is missing.
std::string ServedIndex(Fs* fs);

// A machine whose /srv/shop is `root`, which must outlive it. Only Stat and
// ReadLink reach into `root`.
class ShopMachine final : public MemFs {
 public:
  explicit ShopMachine(Fs* root);
  std::optional<FileInfo> Stat(Handle dir, const std::string& path) override;
  std::optional<std::string> ReadLink(Handle dir,
                                      const std::string& path) override;

 private:
  Fs* root_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FOREIGN_TREE_H_
