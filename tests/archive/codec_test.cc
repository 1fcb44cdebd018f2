#include "archive/codec.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

std::string Compressed(const std::string& tool) {
  TempDir dir;
  Spill(dir.path() + "/in", "content");
  Shell("cd " + dir.path() + "; " + tool + " < in > out");
  return Slurp(dir.path() + "/out");
}

// Decodes a frame twice with one codec, then damages it.
template <typename Codec>
void CheckCodec(const std::string& tool) {
  CAPTURE(tool);
  const std::string bytes = Compressed(tool);
  Codec codec;
  for (int round = 0; round < 2; ++round) {
    std::string room(100, '\0');
    std::span<const char> in(bytes);
    std::span<char> out(room);
    CodecStep step = CodecStep::kMore;
    while (step == CodecStep::kMore) step = codec.Step(&in, &out);
    CHECK(step == CodecStep::kFrameEnd);
    CHECK(in.empty());
    CHECK(std::string_view(room.data(), room.size() - out.size()) == "content");
  }
  std::string damaged = bytes;
  for (char& c : damaged) c = static_cast<char>(c ^ 0x11);
  std::string room(100, '\0');
  std::span<const char> in(damaged);
  std::span<char> out(room);
  CHECK(codec.Step(&in, &out) == CodecStep::kCorrupt);
}

TEST_CASE("codec: each reads frame after frame and sees damage") {
  CheckCodec<GzipCodec>("gzip");
  CheckCodec<Bzip2Codec>("bzip2");
  CheckCodec<XzCodec>("xz");
  CheckCodec<ZstdCodec>("zstd -q");
}

}  // namespace
}  // namespace release
