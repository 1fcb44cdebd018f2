// Checks the sums that a cpio of the form "crc" holds for its files, which
// libarchive does not check.
#ifndef RELEASE_ARCHIVE_CPIO_SUMS_H_
#define RELEASE_ARCHIVE_CPIO_SUMS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace release {

// Sees the bytes of an archive as they pass. Stops checking if they do not
// begin as such a cpio or stop looking like one; the parser judges those.
class CpioSums {
 public:
  // Returns false if the content of a file does not add up to its sum; name()
  // is then the file's name.
  bool Take(std::span<const char> bytes);
  const std::string& name() const { return name_; }

 private:
  enum class Part { kHeader, kName, kContent, kPadding, kDone };

  void ReadHeader();
  void Begin(Part part, std::uint64_t length);
  bool EndPart();
  std::uint64_t Field(std::size_t number) const;

  Part part_ = Part::kHeader;
  std::uint64_t left_ = 0;  // bytes of this part; 0 before the first
  std::uint64_t position_ = 0;
  std::string header_;
  std::string name_;
  bool content_is_next_ = false;  // after the padding
  std::uint64_t content_ = 0;     // its length
  bool summed_ = false;           // a file, whose sum counts
  std::uint32_t expected_ = 0;
  std::uint32_t sum_ = 0;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_CPIO_SUMS_H_
