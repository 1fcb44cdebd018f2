#include "store/unremovable.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

constexpr char kName[] = "unremovable";

std::string Path() { return fmt::format("{}/{}", kOwn, kName); }

// The file has a line for each name.
std::set<std::string> ReadNames(Fs* fs) {
  std::set<std::string> names;
  if (!fs->Stat(Fs::kRoot, Path())) return names;
  const std::string text = ReadFile(fs, Path());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    names.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

void WriteNames(Fs* fs, const std::set<std::string>& names) {
  if (names.empty()) {
    fs->RemoveFile(Fs::kRoot, Path());
    return;
  }
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  WriteFileAtomically(fs, kOwn, kName, text, 0640);
}

std::vector<std::string> UpdateNames(Fs* fs, const RemovalFailures& failures) {
  const std::set<std::string> before = ReadNames(fs);
  std::set<std::string> names;
  for (const std::string& name : before) {
    if (fs->Stat(Fs::kRoot, fmt::format("{}/{}", kReleases, name))) {
      names.insert(name);
    }
  }
  std::vector<std::string> messages;
  for (const RemovalFailure& failure : failures) {
    if (!failure.name.empty() && !names.insert(failure.name).second) continue;
    messages.push_back(failure.message);
  }
  if (names != before) WriteNames(fs, names);
  return messages;
}

}  // namespace

std::vector<std::string> MessagesOf(const RemovalFailures& failures) {
  std::vector<std::string> messages;
  messages.reserve(failures.size());
  for (const RemovalFailure& failure : failures) {
    messages.push_back(failure.message);
  }
  return messages;
}

std::vector<std::string> TakeUnreported(Fs* fs,
                                        const RemovalFailures& failures) {
  try {
    return UpdateNames(fs, failures);
  } catch (const FsError&) {
    return MessagesOf(failures);
  }
}

}  // namespace release
