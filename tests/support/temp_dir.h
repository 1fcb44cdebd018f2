// A temporary directory for one test. The destructor removes it with its
// content.
#ifndef RELEASE_TESTS_SUPPORT_TEMP_DIR_H_
#define RELEASE_TESTS_SUPPORT_TEMP_DIR_H_

#include <boost/filesystem.hpp>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace release {

class TempDir {
 public:
  TempDir() {
    path_ = (boost::filesystem::temp_directory_path() / "release-test-XXXXXX")
                .string();
    if (mkdtemp(path_.data()) == nullptr) {
      throw std::runtime_error("cannot make a directory for the test");
    }
  }
  ~TempDir() {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // The absolute path.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_TEMP_DIR_H_
