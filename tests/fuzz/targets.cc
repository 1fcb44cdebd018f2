#include "fuzz/targets.h"

#include <cstdlib>
#include <string>

#include "archive/unpack.h"
#include "base/config.h"
#include "base/error.h"
#include "base/manifest_text.h"
#include "base/version.h"
#include "cli/serve_words.h"
#include "store/durable.h"
#include "store/journal.h"
#include "support/byte_sources.h"
#include "support/mem_fs.h"
#include "support/packed_tree.h"
#include "support/tar_builder.h"

namespace release {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// Returns whether `body` succeeds; an Error counts as a failure. Aborts on
// kInternal, which means a defect of this program.
template <typename Body>
bool Succeeds(Body body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    Require(error.code() != ErrorCode::kInternal);
    return false;
  }
}

}  // namespace

void FuzzArchive(std::string_view bytes) {
  MemFs disk;
  disk.MakeDirectory(Fs::kRoot, "out", 0700);
  disk.MakeDirectory(Fs::kRoot, "beside", 0700);
  UnpackOptions options;
  options.max_bytes = 1 << 20;
  options.max_entries = 1000;
  Unpacked unpacked;
  const bool done = Succeeds([&] {
    Reader reader(SourceOf(std::string(bytes)), "fuzz",
                  Spool{.fs = &disk, .name = "spool", .max_size = 4U << 20});
    reader.TakeManifest();
    const ScopedHandle out(&disk, disk.OpenDirectory(Fs::kRoot, "out"));
    unpacked = Unpack(&reader, &disk, out.get(), options);
  });
  // The archive must not write outside "out", must leave no handle open, and
  // must not make a link with an absolute target.
  Require(disk.List(Fs::kRoot, "").size() == 2);
  Require(disk.List(Fs::kRoot, "beside").empty());
  Require(disk.open_handles() == 0);
  if (!done) return;
  for (const ManifestEntry& entry : unpacked.manifest.entries) {
    // No setuid, setgid or sticky bit, and nothing that group or others can
    // write.
    Require((entry.mode & ~0755U) == 0);
    Require(disk.Stat(Fs::kRoot, "out/" + entry.path).has_value());
    Require(!entry.target.starts_with('/'));
  }
}

void FuzzConfig(std::string_view bytes) {
  Succeeds([&] { ParseConfig(bytes, "fuzz.toml", "fuzz"); });
}

void FuzzRecord(std::string_view bytes) {
  const TransactionRecord record = ParseRecord(bytes, 1);
  // A record never fails to parse: damage shortens its good part.
  Require(record.good_bytes <= bytes.size());
  Require(!record.open() || (record.begin && !record.end));
}

void FuzzManifest(std::string_view bytes) {
  Manifest manifest;
  if (!Succeeds([&] { manifest = ParseManifest(bytes, "fuzz"); })) return;
  // A manifest has exactly one spelling: formatting what was parsed must give
  // the same bytes.
  Require(FormatManifest(manifest) == bytes);
}

void FuzzThin(std::string_view bytes) {
  PackedTree tree(PackedTree::Files{{"a", "one\n"}, {"b/c", "two\n"}});
  MemFs disk;
  disk.MakeDirectory(Fs::kRoot, "out", 0700);
  UnpackOptions options;
  options.max_bytes = 1 << 20;
  options.max_entries = 1000;
  const ThinBase base{tree.disk(), Fs::kRoot, "1", tree.ManifestFor("1")};
  Manifest whole;
  const bool done = Succeeds([&] {
    Reader reader(SourceOf(std::string(bytes)), "fuzz",
                  Spool{.fs = &disk, .name = "spool", .max_size = 4U << 20});
    auto carried = reader.TakeManifest();
    if (!carried) return;
    // No fuzzer finds a digest, so what a thin manifest changes is the whole.
    const auto* thin = std::get_if<ThinManifest>(&*carried);
    whole = thin != nullptr ? thin->changed : std::get<Manifest>(*carried);
    reader.Compose(&whole, &base, {});
    const ScopedHandle out(&disk, disk.OpenDirectory(Fs::kRoot, "out"));
    Unpack(&reader, &disk, out.get(), options);
  });
  Require(disk.List(Fs::kRoot, "").size() == 1);
  Require(disk.open_handles() == 0);
  if (!done) return;
  // Each file has the SHA-256 that the manifest says.
  for (const ManifestEntry& entry : whole.entries) {
    if (entry.kind != EntryKind::kFile || entry.size == 0) continue;
    const std::string content = ReadFile(&disk, "out/" + entry.path);
    Require(DigestOf(content) == entry.sha256);
  }
}

void FuzzServe(std::string_view bytes) {
  CommandWords words;
  if (!Succeeds([&] { words = ParseServeWords(bytes); })) return;
  // A key can be allowed this command, and no value can act as a path or a
  // flag.
  Require(Succeeds([&] { ParseAllowed(CommandName(words.command)); }));
  Require(words.operands.size() <= 16);
  for (const std::string& operand : words.operands) {
    Require(operand == "-" || Version::Parse(operand).has_value());
  }
  for (const auto& [option, values] : words.options) {
    Require(values.size() == 1);
    const bool text = option == Option::kAttestation ||
                      option == Option::kSignature || option == Option::kReason;
    Require(text || values[0].find('/') == std::string::npos);
  }
}

}  // namespace release
