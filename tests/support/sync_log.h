// The syncs of a MemFs, and those that a test leaves out.
#ifndef RELEASE_TESTS_SUPPORT_SYNC_LOG_H_
#define RELEASE_TESTS_SUPPORT_SYNC_LOG_H_

#include <string>
#include <vector>

namespace release {

// A test that leaves one sync out after the other shows what each is for.
class SyncLog {
 public:
  // As MemFs::IgnoreSync.
  void Ignore(const std::string& name, unsigned occurrence);
  // Notes a sync. Returns false if it must have no effect.
  bool Note(const std::string& name);
  const std::vector<std::string>& names() const { return names_; }
  void ClearNames() { names_.clear(); }

 private:
  struct IgnoredSync {
    std::string name;
    unsigned left = 0;  // calls until the one to ignore; 0: all are ignored
  };

  std::vector<IgnoredSync> ignored_;
  std::vector<std::string> names_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_SYNC_LOG_H_
