// Makes small ustar archives in memory.
#ifndef RELEASE_TESTS_SUPPORT_TAR_BUILDER_H_
#define RELEASE_TESTS_SUPPORT_TAR_BUILDER_H_

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

namespace release {

class TarBuilder {
 public:
  TarBuilder& Directory(const std::string& path, unsigned mode = 0755) {
    Header(path + "/", '5', mode, 0, "");
    return *this;
  }
  TarBuilder& File(const std::string& path, const std::string& content,
                   unsigned mode = 0644) {
    Header(path, '0', mode, content.size(), "");
    bytes_ += content;
    bytes_.append((512 - content.size() % 512) % 512, '\0');
    return *this;
  }
  TarBuilder& Symlink(const std::string& path, const std::string& target) {
    Header(path, '2', 0777, 0, target);
    return *this;
  }

  // Sets the modification time of the entries that follow, in seconds.
  TarBuilder& At(std::uint64_t time) {
    time_ = time;
    return *this;
  }

  // Returns the whole archive, with the two zero blocks at its end.
  std::string Bytes() const { return bytes_ + std::string(1024, '\0'); }

 private:
  void Header(const std::string& path, char type, unsigned mode,
              std::size_t size, const std::string& target) {
    char block[512] = {};
    std::snprintf(block, 100, "%s", path.c_str());
    std::snprintf(block + 100, 8, "%07o", mode);
    std::snprintf(block + 108, 8, "%07o", 0u);
    std::snprintf(block + 116, 8, "%07o", 0u);
    std::snprintf(block + 124, 12, "%011zo", size);
    std::snprintf(block + 136, 12, "%011zo", std::size_t{time_});
    block[156] = type;
    std::snprintf(block + 157, 100, "%s", target.c_str());
    std::memcpy(block + 257,
                "ustar\0"
                "00",
                8);
    // The checksum is computed with its own field full of blanks.
    std::memset(block + 148, ' ', 8);
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    std::snprintf(block + 148, 8, "%06o", sum);
    bytes_.append(block, sizeof block);
  }

  std::string bytes_;
  std::uint64_t time_ = 0;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_TAR_BUILDER_H_
