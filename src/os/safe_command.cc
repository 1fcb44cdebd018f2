#include "os/safe_command.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "os/input.h"

namespace release {
namespace {

// Ends a word of a shell's script, or the name of an option.
constexpr std::string_view kSeparators = " \t\n=\"'`$;&|()<>{}";

// Returns what an argument may name.
std::vector<std::string> NamesIn(const std::string& argument) {
  std::vector<std::string> names = {argument};
  const std::size_t equals = argument.find('=');
  if (equals != argument.npos) names.push_back(argument.substr(equals + 1));
  for (std::size_t at = 0; at < argument.size();) {
    const std::size_t end =
        std::min(argument.find_first_of(kSeparators, at), argument.size());
    const std::string word = argument.substr(at, end - at);
    if (word.find('/') != word.npos) names.push_back(word);
    at = end + 1;
  }
  return names;
}

// A directory that cannot be resolved counts as a release: it is judged.
bool IsRelease(const std::string& directory, const HostPath& releases) {
  boost::system::error_code error;
  // Without the base "/", canonical reads the working directory, which may have
  // been removed.
  const auto real = boost::filesystem::canonical(directory, "/", error);
  return error || (IsWithin(real, releases) && real != releases);
}

// Devices, pipes and sockets hold no program.
bool MayHoldProgram(const std::string& path, const HostPath& releases) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return false;
  return S_ISREG(info.st_mode) ||
         (S_ISDIR(info.st_mode) && IsRelease(path, releases));
}

// Returns an empty path for a relative name without a directory.
std::string PathOf(const std::string& name, const Command& command) {
  if (name.starts_with('/') || name.empty()) return name;
  return command.directory.empty() ? "" : command.directory + "/" + name;
}

std::optional<UnsafeFile> Judge(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const Reason reason = WhyOthersCanWrite(path);
  if (!reason) return std::nullopt;
  return UnsafeFile{path, *reason};
}

}  // namespace

std::optional<UnsafeFile> FindUnsafeFile(const Command& command,
                                         const HostPath& releases) {
  if (geteuid() != 0 || command.argv.empty()) return std::nullopt;
  const std::string& program = command.argv[0];
  if (program.find('/') != program.npos) {
    // A program that is missing may be put there before it is run, so this one
    // is judged in any case.
    if (auto unsafe = Judge(PathOf(program, command))) return unsafe;
  }
  for (std::size_t i = 1; i < command.argv.size(); ++i) {
    for (const std::string& name : NamesIn(command.argv[i])) {
      const std::string path = PathOf(name, command);
      if (!MayHoldProgram(path, releases)) continue;
      if (auto unsafe = Judge(path)) return unsafe;
    }
  }
  return std::nullopt;
}

void RequireSafeForRoot(const std::string& what, const Command& command,
                        const HostPath& releases, const std::string& remedy) {
  const auto unsafe = FindUnsafeFile(command, releases);
  if (!unsafe) return;
  throw Error(ErrorCode::kConfigUnsafe,
              fmt::format("cannot run {} as root, because of {}: {}; {}", what,
                          Printable(unsafe->path), unsafe->reason, remedy),
              unsafe->path);
}

}  // namespace release
