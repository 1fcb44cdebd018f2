#include "dropbox/upload_try.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "dropbox/upload.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

using nlohmann::json;

constexpr char kName[] = "intake";

std::string Path() { return std::string(kOwn) + "/" + kName; }

// Identifies the upload by its checksum file, which made it ready and which
// differs between two uploads of the same name.
json Describe(Fs* fs, const std::string& upload) {
  const Stamp stamp =
      StampOf(fs, InBox(ChecksumName(upload))).value_or(Stamp{});
  // Escape the name: it need not be UTF-8, and the object must equal the one
  // that is read back.
  return {{"upload", Escaped(upload)},
          {"inode", stamp.inode},
          {"size", stamp.size},
          {"modified", stamp.modified}};
}

// Returns 0 if the note is about another upload or cannot be parsed.
unsigned DeathsOf(Fs* fs, const json& upload) {
  if (!fs->Stat(Fs::kRoot, Path())) return 0;
  json left = json::parse(ReadFile(fs, Path()), nullptr, false);
  if (!left.is_object() || !left.contains("tries")) return 0;
  const json tries = left["tries"];
  left.erase("tries");
  if (left != upload || !tries.is_number_unsigned()) return 0;
  return tries.get<unsigned>();
}

}  // namespace

UploadTry::UploadTry(Fs* fs, const std::string& upload) : fs_(fs) {
  json text = Describe(fs, upload);
  try {
    deaths_ = DeathsOf(fs, text);
    text["tries"] = deaths_ + 1;
    WriteFileAtomically(fs, kOwn, kName, text.dump() + "\n", 0640);
    // Make the note durable before the upload is read: the upload may bring
    // down the machine.
    SyncDirectory(fs, kOwn);
  } catch (const FsError&) {
    // Not counted; the transaction reports the same failure. See the header.
  }
}

UploadTry::~UploadTry() {
  try {
    fs_->RemoveFile(Fs::kRoot, Path());
  } catch (...) {
    // Harmless: at worst the next try counts one death too many.
  }
}

}  // namespace release
