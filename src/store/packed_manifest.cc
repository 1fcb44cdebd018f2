#include "store/packed_manifest.h"

#include <memory>

#include "archive/compress.h"
#include "archive/decompress.h"
#include "os/input.h"
#include "os/path_rules.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {

namespace {

std::string Compressed(std::string_view text) {
  std::string out;
  const auto compressor = MakeCompressor(
      Compression::kZstd,
      [&](std::span<const char> bytes) {
        out.append(bytes.data(), bytes.size());
      },
      Effort::kFast);
  compressor->Write(text);
  compressor->Finish();
  return out;
}

}  // namespace

void WritePackedManifest(Fs* fs, const Version& version,
                         std::string_view text) {
  const ScopedHandle file(fs, fs->Open(Fs::kRoot, PackedManifestPath(version),
                                       OpenMode::kCreateNew, 0640));
  fs->Write(file.get(), Compressed(text));
}

void StorePackedManifest(Fs* fs, const Version& version,
                         std::string_view text) {
  WriteFileAtomically(fs, kManifests, LeafOf(PackedManifestPath(version)),
                      Compressed(text), 0640);
  SyncDirectory(fs, kManifests);
}

std::optional<std::string> ReadPackedManifest(Fs* fs, const Version& version) {
  const std::string path = PackedManifestPath(version);
  if (!fs->Stat(Fs::kRoot, path)) return std::nullopt;
  const auto file = std::make_shared<const ScopedHandle>(
      fs, fs->Open(Fs::kRoot, path, OpenMode::kRead));
  std::string text;
  try {
    Decompressor decompressor(ByteSource(fs, file), path);
    while (true) {
      const auto bytes = decompressor.Next();
      // Less than zstd's first bytes.
      if (!decompressor.is_compressed()) return std::nullopt;
      if (bytes.empty()) return text;
      text.append(bytes.data(), bytes.size());
    }
  } catch (const FsError&) {
    throw;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace release
