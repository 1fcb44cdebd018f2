#include "archive/cpio_sums.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string_view>

#include "archive/format.h"

namespace release {
namespace {

constexpr std::size_t kHeaderSize = 110;  // the magic and 13 numbers
constexpr std::size_t kDigits = 8;
constexpr std::string_view kLastName = "TRAILER!!!";
// Longer names are refused anyway.
constexpr std::uint64_t kMaxName = 1 << 20;
constexpr std::uint64_t kTypeMask = 0170000;
constexpr std::uint64_t kFileType = 0100000;

constexpr std::size_t kMode = 1;
constexpr std::size_t kSize = 6;
constexpr std::size_t kNameSize = 11;
constexpr std::size_t kSum = 12;

std::uint64_t ToFour(std::uint64_t position) { return (4 - position % 4) % 4; }

}  // namespace

// Returns -1, which no size is, if the field is not a number.
std::uint64_t CpioSums::Field(std::size_t number) const {
  const char* begin = header_.data() + kCpioCrcMagic.size() + number * kDigits;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(begin, begin + kDigits, value, 16);
  return error == std::errc() && end == begin + kDigits ? value
                                                        : ~std::uint64_t{0};
}

void CpioSums::Begin(Part part, std::uint64_t length) {
  part_ = part;
  left_ = length;
}

void CpioSums::ReadHeader() {
  const std::uint64_t name_size = Field(kNameSize);
  content_ = Field(kSize);
  // Other forms of cpio have the same fields, but no sums.
  const bool plain = header_.starts_with(kCpioCrcMagic) &&
                     content_ <= 0xFFFFFFFF && name_size > 0 &&
                     name_size <= kMaxName && Field(kSum) <= 0xFFFFFFFF;
  if (!plain) {
    Begin(Part::kDone, 0);
    return;
  }
  // If a file has several names, only the last has content and a sum.
  summed_ = (Field(kMode) & kTypeMask) == kFileType && content_ != 0;
  expected_ = static_cast<std::uint32_t>(Field(kSum));
  sum_ = 0;
  name_.clear();
  Begin(Part::kName, name_size);
}

// Goes on to the next part that has a length. Returns false if a sum is wrong.
bool CpioSums::EndPart() {
  switch (part_) {
    case Part::kHeader:
      ReadHeader();
      return true;
    case Part::kName:
      name_.resize(std::min(name_.size(), name_.find('\0')));
      content_is_next_ = true;
      Begin(name_ == kLastName ? Part::kDone : Part::kPadding,
            ToFour(position_));
      break;
    case Part::kContent:
      if (summed_ && sum_ != expected_) return false;
      content_is_next_ = false;
      Begin(Part::kPadding, ToFour(position_));
      break;
    case Part::kPadding:
      if (content_is_next_) {
        Begin(Part::kContent, content_);
      } else {
        header_.clear();
        Begin(Part::kHeader, kHeaderSize);
      }
      break;
    case Part::kDone:
      return true;
  }
  return left_ != 0 || part_ == Part::kDone || EndPart();
}

bool CpioSums::Take(std::span<const char> bytes) {
  if (position_ == 0) Begin(Part::kHeader, kHeaderSize);
  while (!bytes.empty() && part_ != Part::kDone) {
    const auto now = bytes.first(std::min<std::uint64_t>(left_, bytes.size()));
    if (part_ == Part::kHeader) header_.append(now.data(), now.size());
    if (part_ == Part::kName) name_.append(now.data(), now.size());
    if (part_ == Part::kContent) {
      sum_ = std::accumulate(now.begin(), now.end(), sum_,
                             [](std::uint32_t sum, char c) {
                               return sum + static_cast<unsigned char>(c);
                             });
    }
    bytes = bytes.subspan(now.size());
    position_ += now.size();
    left_ -= now.size();
    if (left_ == 0 && !EndPart()) return false;
  }
  return true;
}

}  // namespace release
