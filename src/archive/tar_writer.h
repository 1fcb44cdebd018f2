// Writes a tar archive, POSIX.1-2001, without times and owners. It is not
// libarchive that writes: docs/decisions/tar-writer.md.
#ifndef RELEASE_ARCHIVE_TAR_WRITER_H_
#define RELEASE_ARCHIVE_TAR_WRITER_H_

#include <cstdint>
#include <span>
#include <string>

#include "archive/compress.h"
#include "base/manifest.h"

namespace release {

class TarWriter {
 public:
  explicit TarWriter(ByteSink sink) : sink_(std::move(sink)) {}

  // Begins an entry. A file's content follows: Content, then EndContent. Names
  // and sizes that tar's own header cannot hold go into an extended one.
  void Begin(const ManifestEntry& entry);
  void Content(std::span<const char> bytes);
  // Throws Error kIoError if the content is not as long as Begin was told.
  void EndContent();

  // The end of the archive; call once, last.
  void Finish();

 private:
  void Header(const std::string& name, char type, unsigned mode,
              std::uint64_t size, const std::string& target);
  void Extended(const ManifestEntry& entry, const std::string& name);
  void Pad(std::uint64_t size);

  ByteSink sink_;
  std::string path_;
  std::uint64_t size_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_TAR_WRITER_H_
