// The implementations of Fs that the contract suites run over, and helpers for
// these suites. Each type has a member `fs`.
#ifndef RELEASE_TESTS_SUPPORT_EVERY_FS_H_
#define RELEASE_TESTS_SUPPORT_EVERY_FS_H_

#include <array>
#include <string>
#include <string_view>

#include "os/fs.h"
#include "os/posix_fs.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/temp_dir.h"

namespace release {

// PosixFs that lets openat2 refuse symbolic links.
struct KernelLookup {
  TempDir dir;
  PosixFs fs{dir.path()};
};

// PosixFs on a kernel without openat2: it walks each path itself.
struct WalkLookup {
  TempDir dir;
  PosixFs fs{dir.path(), PosixFs::Lookup::kWalk};
};

struct InMemory {
  MemFs fs;
};

struct Wrapped {
  MemFs inner;
  FaultFs fs{&inner};
};

#define EVERY_FS KernelLookup, WalkLookup, InMemory, Wrapped

// Returns the errno of the FsError that the call throws, 0 if it succeeds.
template <typename Call>
int ErrorOf(Call call) {
  try {
    call();
  } catch (const FsError& error) {
    return error.error_number();
  }
  return 0;
}

inline void Put(Fs* fs, const std::string& path, std::string_view content,
                unsigned permissions = 0644) {
  const ScopedHandle file(
      fs, fs->Open(Fs::kRoot, path, OpenMode::kCreateNew, permissions));
  fs->Write(file.get(), content);
}

inline std::string ReadAll(Fs* fs, Fs::Handle file) {
  std::string content;
  std::array<char, 5> buffer;
  while (const std::size_t n = fs->ReadAt(file, buffer, content.size())) {
    content.append(buffer.data(), n);
  }
  return content;
}

inline std::string Get(Fs* fs, const std::string& path) {
  const ScopedHandle file(fs, fs->Open(Fs::kRoot, path, OpenMode::kRead));
  return ReadAll(fs, file.get());
}

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_EVERY_FS_H_
