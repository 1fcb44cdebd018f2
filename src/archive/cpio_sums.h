// The sums that a cpio of the form "crc" has of its files, which libarchive
// does not look at.
#ifndef RELEASE_ARCHIVE_CPIO_SUMS_H_
#define RELEASE_ARCHIVE_CPIO_SUMS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace release {

// Sees the bytes of an archive as they go by. One that does not begin as such a
// cpio, or is no more to be followed as one, is left to others to judge.
class CpioSums {
 public:
  // False where the content of a file does not add up to what is said of it;
  // name() is then the file's.
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
  bool content_is_next_ = false;  // behind the padding
  std::uint64_t content_ = 0;     // its length
  bool summed_ = false;           // a file, whose sum counts
  std::uint32_t expected_ = 0;
  std::uint32_t sum_ = 0;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_CPIO_SUMS_H_
