// Writes a tar archive, POSIX.1-2001, without owners. It is not libarchive that
// writes: docs/decisions/tar-writer.md.
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

  // Begins an entry; `modified` is in seconds since 1970. A file's content
  // follows: Content, then EndContent. Names, sizes and times that tar's own
  // header cannot hold go into an extended one.
  void Begin(const ManifestEntry& entry, std::int64_t modified);
  void Content(std::span<const char> bytes);
  // Throws Error kIoError if the content is not as long as Begin was told.
  void EndContent();

  // The end of the archive; call once, last.
  void Finish();

 private:
  // The fields of an entry that are numbers.
  struct Numbers {
    unsigned mode = 0;
    std::uint64_t size = 0;
    std::int64_t modified = 0;
  };

  void Header(const std::string& name, char type, const Numbers& numbers,
              const std::string& target);
  void Extended(const ManifestEntry& entry, const std::string& name,
                std::int64_t modified);
  void Pad(std::uint64_t size);

  ByteSink sink_;
  std::string path_;
  std::uint64_t size_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_TAR_WRITER_H_
