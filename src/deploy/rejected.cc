#include "deploy/rejected.h"

#include <fmt/format.h>

#include "deploy/upload.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

constexpr std::string_view kReasonSuffix = ".reason.json";
// Leaves room for the temporary name under which the reason is written.
constexpr std::size_t kLongestStem = kLongestName -
                                     std::string_view(kTempFilePrefix).size() -
                                     kReasonSuffix.size();

std::string InRejected(const std::string& name) {
  return fmt::format("{}/{}", kRejected, name);
}

bool IsDirectory(Fs* fs, const std::string& path) {
  const auto info = fs->Stat(Fs::kRoot, path);
  return info && info->type == FileType::kDirectory;
}

void MoveToRejected(Fs* fs, const std::string& name) {
  if (!fs->Stat(Fs::kRoot, InBox(name))) return;
  RemoveAny(fs, InRejected(name));
  fs->Rename(Fs::kRoot, InBox(name), Fs::kRoot, InRejected(name),
             RenameMode::kReplace);
}

}  // namespace

void Reject(Fs* fs, const std::string& upload, const std::string& reason) {
  if (!IsDirectory(fs, kRejected)) {
    RemoveAny(fs, kRejected);
    fs->MakeDirectory(Fs::kRoot, kRejected, 0755);
  }
  const std::string name =
      upload.substr(0, kLongestStem) + std::string(kReasonSuffix);
  RemoveAny(fs, InRejected(name));
  WriteFileWhole(fs, kRejected, name, reason, 0644);
  for (const std::string& file : NamesOf(upload)) MoveToRejected(fs, file);
}

}  // namespace release
