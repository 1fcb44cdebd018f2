// Makes the entries of a whole release of a thin archive and its base, or holds
// a full archive to its manifest.
#ifndef RELEASE_ARCHIVE_COMPOSITION_H_
#define RELEASE_ARCHIVE_COMPOSITION_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/base_content.h"
#include "base/manifest.h"
#include "os/fs.h"
#include "trust/digest.h"

namespace release {

// A release that the host keeps. Its files may have changed since its manifest
// was made, and other users may change them at any time.
struct ThinBase {
  Fs* fs = nullptr;
  Fs::Handle tree = Fs::kRoot;
  std::string name;   // its version
  Manifest manifest;  // version 2
};

// The files that were taken over so far.
struct TakenOver {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// The entries of the release in the order of its manifest, and the content of
// those that the base has. The caller brings the others from the archive, which
// has them in the same order: the files that the base lacks, or, without a
// base, all entries. Every byte of either passes a SHA-256, which is compared
// with the manifest at the end of each file.
class Composition {
 public:
  // Content of entries at or below the `reserved` paths is not taken from the
  // base, since nobody will write it. `whole` and `base`, which may be null,
  // outlive this; the base's manifest is needed only here.
  Composition(const Manifest* whole, const ThinBase* base,
              const std::vector<std::string>& reserved);

  // The next entry; null after the last.
  const ManifestEntry* Next();
  // Whether the current entry must come next in the archive.
  bool IsFromArchive() const { return from_archive_; }

  // For a file that is not from the archive: its next bytes, valid until the
  // next call; empty at its end. Throws Error kBaseMissing if the base has them
  // no more.
  std::span<const char> NextBlock();
  // Instead of NextBlock: leaves the content to the caller, who must check it.
  // Returns nullopt if the current entry has none from the base.
  std::optional<BaseContent> Leave();
  // Takes the bytes of a file from the archive; an empty span is its end.
  // Throws Error kManifestMismatch if they are not those of the manifest.
  void Check(std::span<const char> bytes);

  const TakenOver& taken() const { return taken_; }

 private:
  // The place that the content of an entry comes from.
  enum class Origin : char {
    kArchive,
    kManifest,   // it has none, or nobody will write it
    kSamePath,   // of the base
    kOtherPath,  // of the base: the next one of `moved_`
  };

  void FindOrigins(const std::vector<std::string>& reserved);
  void Open();
  std::span<const char> Read();
  BaseContent Wanted() const;
  void CountTaken();

  const Manifest* const whole_;
  const ThinBase* base_;
  std::vector<Origin> origins_;     // of each entry; none without a base
  std::vector<std::string> moved_;  // in the order of the entries
  std::size_t next_ = 0;            // number of the entry that Next returns
  std::size_t next_moved_ = 0;
  const ManifestEntry* entry_ = nullptr;
  const std::string* source_ = nullptr;  // path of its content in the base
  bool from_archive_ = false;
  ScopedHandle file_;  // at `source_`; none before its first byte is read
  std::uint64_t offset_ = 0;
  Sha256 sha256_;
  std::vector<char> buffer_;
  TakenOver taken_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_COMPOSITION_H_
