// A bench for tests of unpacking real archives on a real file system.
#ifndef RELEASE_TESTS_SUPPORT_UNPACK_BENCH_H_
#define RELEASE_TESTS_SUPPORT_UNPACK_BENCH_H_

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "archive/unpack.h"
#include "base/error.h"
#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/byte_sources.h"
#include "support/temp_dir.h"
#include "trust/digest.h"

namespace release {

// A directory to pack from, one to unpack into, and the archive between.
class UnpackBench {
 public:
  UnpackBench() : in(dir_.path() + "/in"), out(dir_.path() + "/out") {
    boost::filesystem::create_directory(in);
    boost::filesystem::create_directory(out);
    fs_.emplace(dir_.path());
  }

  // Runs in `in`; what it writes to $a is the archive.
  void Pack(const std::string& command) {
    Shell("a=" + dir_.path() + "/archive; cd " + in.string() + "; " + command);
  }

  Unpacked Run(const UnpackOptions& options = {}, bool write = true) {
    Reader reader(InPieces(Slurp(dir_.path() + "/archive"), 60'000), "archive",
                  {&*fs_, Fs::kRoot, "spool", 0});
    ScopedHandle top(&*fs_, fs_->OpenDirectory(Fs::kRoot, "out"));
    return Unpack(&reader, write ? &*fs_ : nullptr, top.get(), options);
  }

  ErrorCode CodeOf(const UnpackOptions& options = {}) {
    try {
      Run(options);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  }

  PosixFs& fs() { return *fs_; }

 private:
  TempDir dir_;
  std::optional<PosixFs> fs_;

 public:
  boost::filesystem::path in;
  boost::filesystem::path out;
};

inline unsigned ModeOf(const boost::filesystem::path& path) {
  return static_cast<unsigned>(
      boost::filesystem::symlink_status(path).permissions());
}

inline const ManifestEntry& Find(const Unpacked& unpacked,
                                 const std::string& path) {
  const auto& all = unpacked.manifest.entries;
  const auto it = std::find_if(all.begin(), all.end(),
                               [&](const auto& e) { return e.path == path; });
  if (it == all.end()) throw std::runtime_error("no entry " + path);
  return *it;
}

inline std::vector<std::string> Paths(const Unpacked& unpacked) {
  std::vector<std::string> out;
  for (const auto& entry : unpacked.manifest.entries) out.push_back(entry.path);
  return out;
}

// Fails unless the manifest is exactly what lies below `top`.
inline void CheckAgainstDisk(const Manifest& manifest,
                             const boost::filesystem::path& top) {
  std::size_t on_disk = 0;
  for ([[maybe_unused]] const auto& found :
       boost::filesystem::recursive_directory_iterator(top)) {
    ++on_disk;
  }
  CHECK(on_disk == manifest.entries.size());
  CHECK(std::is_sorted(
      manifest.entries.begin(), manifest.entries.end(),
      [](const auto& a, const auto& b) { return a.path < b.path; }));
  for (const ManifestEntry& entry : manifest.entries) {
    CAPTURE(entry.path);
    const boost::filesystem::path path = top / entry.path;
    if (entry.kind == EntryKind::kSymlink) {
      CHECK(boost::filesystem::read_symlink(path) == entry.target);
      continue;
    }
    CHECK(ModeOf(path) == entry.mode);
    if (entry.kind == EntryKind::kDirectory) {
      CHECK(boost::filesystem::is_directory(
          boost::filesystem::symlink_status(path)));
      continue;
    }
    const std::string content = Slurp(path);
    CHECK(content.size() == entry.size);
    CHECK(HashContent(content) == entry.hash);
  }
}

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_UNPACK_BENCH_H_
