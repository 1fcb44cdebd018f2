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

// What names the upload: the checksum file made it ready.
json Describe(Fs* fs, const std::string& upload) {
  const Stamp stamp =
      StampOf(fs, InBox(ChecksumName(upload))).value_or(Stamp{});
  // Escaped, for names need not be UTF-8 and this is compared with what is
  // read.
  return {{"upload", Escaped(upload)},
          {"inode", stamp.inode},
          {"size", stamp.size},
          {"modified", stamp.modified}};
}

// 0 where the file speaks of another upload or cannot be read.
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
    // Before the upload can do harm.
    SyncDirectory(fs, kOwn);
  } catch (const FsError&) {
    // As the header says.
  }
}

UploadTry::~UploadTry() {
  try {
    fs_->RemoveFile(Fs::kRoot, Path());
  } catch (...) {
    // At worst one death too many is counted.
  }
}

}  // namespace release
