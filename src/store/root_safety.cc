#include "store/root_safety.h"

#include <fmt/format.h>

#include <set>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "os/input.h"
#include "os/startup.h"
#include "store/layout.h"

namespace release {
namespace {

// Returns the path as a word of a shell.
std::string ShellWord(const std::string& path) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-@:,";
  if (path.find_first_not_of(kPlain) == path.npos) return path;
  std::string word = "'";
  for (const char c : path) word += c == '\'' ? "'\\''" : std::string(1, c);
  return Printable(word + "'");
}

// The command `verb` for all the paths, behind the commands before it.
void AddCommand(const std::string& verb, const std::set<std::string>& paths,
                std::string* commands) {
  if (paths.empty()) return;
  if (!commands->empty()) *commands += " && ";
  *commands += verb;
  for (const std::string& path : paths) {
    *commands += fmt::format(" {}", ShellWord(path));
  }
}

// Returns the commands after which no exposure is left.
std::string Remedy(const std::string& own,
                   const std::vector<Exposure>& exposures) {
  std::set<std::string> owners, modes, trees;
  for (const Exposure& exposure : exposures) {
    if (exposure.cause == Exposure::Cause::kMode) modes.insert(exposure.path);
    if (exposure.cause != Exposure::Cause::kOwner) continue;
    // The records below it belong to the same user, who could still change
    // them.
    const bool is_own = IsWithin(exposure.path, own);
    (is_own ? trees : owners).insert(is_own ? own : exposure.path);
  }
  std::string commands;
  AddCommand("chown root:root", owners, &commands);
  AddCommand("chown -R root:root", trees, &commands);
  AddCommand("chmod go-w", modes, &commands);
  return commands;
}

}  // namespace

std::optional<UnsafeRoot> FindUnsafeRoot(const HostPath& root) {
  const HostPath nearest = NearestExisting(root);
  const HostPath real = RealPath(nearest);
  std::vector<Exposure> all;
  std::string first;
  for (const char* part :
       {"", kReleases, kOwn, kTransactions, kManifests, kOutbox}) {
    // A root that is missing will be made by root, with all that is in it.
    if (*part != '\0' && nearest != root) break;
    const std::string path = (real / part).string();
    const bool is_known = *part != '\0' && all.empty();
    for (Exposure& exposure :
         is_known ? FindExposuresIn(real, part) : FindExposures(path)) {
      if (all.empty()) first = path;
      all.push_back(std::move(exposure));
    }
  }
  if (all.empty()) return std::nullopt;
  const std::string remedy = Remedy((real / kOwn).string(), all);
  return UnsafeRoot{
      first, fmt::format("cannot work in {} as root: {}; run this as its "
                         "owner{}",
                         Printable(first), all.front().reason,
                         remedy.empty() ? "" : ", or type: " + remedy)};
}

void RequireSafeRoot(const HostPath& root) {
  const auto unsafe = FindUnsafeRoot(root);
  if (!unsafe) return;
  throw Error(ErrorCode::kRootUnsafe, unsafe->words, unsafe->path);
}

}  // namespace release
