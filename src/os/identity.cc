#include "os/identity.h"

#include <fmt/format.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "os/linkage.h"
#include "os/posix_runner.h"

namespace release {
namespace {

// Texts from the environment and the arguments are cut to these sizes (bytes),
// so that a record fits into its preallocated file even on a full disk.
constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxCommand = 1024;
constexpr std::size_t kRecordSize = 64 * 1024;  // for one user or group

std::string Variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

// Asks the host's getent for a user or group and returns the fields of its
// line. Only for a static program: its own lookup reads /etc/passwd and
// /etc/group, but not a directory service such as LDAP that this host may also
// use.
std::vector<std::string> AskHost(const std::string& database,
                                 const std::string& key) {
  std::vector<std::string> fields;
  if (CanLoadLibraries() || key.empty() || key.starts_with('-')) return fields;
  const CommandResult result = PosixRunner().Run(
      {.argv = {"getent", database, key}, .timeout = std::chrono::seconds(10)});
  if (!result.ok()) return fields;
  std::istringstream line(result.output.substr(0, result.output.find('\n')));
  for (std::string field; std::getline(line, field, ':');) {
    fields.push_back(field);
  }
  return fields;
}

std::string Shortened(std::string text, std::size_t most) {
  if (text.size() > most) text.replace(most - 3, text.npos, "...");
  return text;
}

// Returns the user's name, or "uid N" if the host does not know the user.
std::string UserName(uid_t id) {
  passwd record = {};
  passwd* found = nullptr;
  std::vector<char> buffer(kRecordSize);
  getpwuid_r(id, &record, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return found->pw_name;
  const auto fields = AskHost("passwd", std::to_string(id));
  return fields.empty() ? fmt::format("uid {}", id) : fields[0];
}

std::string CallingUser() {
  const uid_t id = getuid();
  const std::string name = UserName(id);
  // Trust SUDO_USER only if we are root: any other user could set it to
  // anything.
  const std::string before =
      id == 0 ? Shortened(Variable("SUDO_USER"), kMaxName) : "";
  if (before.empty() || before == name) return name;
  return fmt::format("{} (as {})", before, name);
}

std::string HostName() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, HOST_NAME_MAX) == 0 ? name : "";
}

// SSH_CONNECTION has the form "ADDRESS PORT ADDRESS PORT", the client's first.
std::string SshClient() {
  const std::string connection = Variable("SSH_CONNECTION");
  return Shortened(connection.substr(0, connection.find(' ')), kMaxName);
}

std::string CommandLine() {
  // The arguments, each followed by a zero byte.
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string line;
  for (std::string word; std::getline(file, word, '\0');) {
    if (!line.empty()) line += ' ';
    const bool plain = !word.empty() && word.find(' ') == word.npos;
    line += plain ? word : '"' + word + '"';
  }
  return Shortened(line, kMaxCommand);
}

std::optional<std::uint32_t> Number(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  // To chown, the largest number means "do not change".
  const bool usable = value != ~std::uint32_t{0};
  if (error != std::errc() || stop != end || !usable) return std::nullopt;
  return value;
}

std::optional<UserRecord> FindUser(const std::string& name) {
  passwd record = {};
  passwd* found = nullptr;
  std::vector<char> buffer(kRecordSize);
  getpwnam_r(name.c_str(), &record, buffer.data(), buffer.size(), &found);
  if (found != nullptr) {
    return UserRecord{found->pw_name,
                      {found->pw_uid, found->pw_gid},
                      found->pw_dir,
                      found->pw_shell};
  }
  // getent also accepts a uid as its key; only a match by name counts.
  auto fields = AskHost("passwd", name);
  fields.resize(std::max<std::size_t>(fields.size(), 7));
  const auto user = Number(fields[2]), group = Number(fields[3]);
  if (fields[0] != name || !user || !group) return std::nullopt;
  return UserRecord{name, {*user, *group}, fields[5], fields[6]};
}

std::optional<std::uint32_t> FindGroup(const std::string& name) {
  group record = {};
  group* found = nullptr;
  std::vector<char> buffer(kRecordSize);
  getgrnam_r(name.c_str(), &record, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return found->gr_gid;
  if (const auto number = Number(name)) return number;
  const auto fields = AskHost("group", name);
  return fields.size() < 3 || fields[0] != name ? std::nullopt
                                                : Number(fields[2]);
}

[[noreturn]] void Fail(const std::string& owner, const std::string& reason) {
  throw Error(
      ErrorCode::kConfigInvalid,
      fmt::format("cannot use {} as an owner: {}", Quoted(owner), reason));
}

}  // namespace

std::string CallerName(const Identity& identity) {
  if (identity.ssh_client.empty()) return identity.user;
  return identity.user + "@" + identity.ssh_client;
}

Identity Caller() {
  return {CallingUser(), HostName(), SshClient(), getpid(), CommandLine()};
}

OwnerIds ResolveOwner(const std::string& owner) {
  const std::size_t colon = owner.find(':');
  const std::string user = owner.substr(0, colon);
  const auto record = FindUser(user);
  if (colon == owner.npos) {
    if (!record) Fail(owner, "no user " + Quoted(user));
    return record->ids;
  }
  const auto number = record ? record->ids.user : Number(user);
  if (!number) Fail(owner, "no user " + Quoted(user));
  const std::string group = owner.substr(colon + 1);
  const auto group_id = FindGroup(group);
  if (!group_id) Fail(owner, "no group " + Quoted(group));
  return {*number, *group_id};
}

UserRecord ResolveUser(const std::string& name) {
  auto record = FindUser(name);
  if (record) return *std::move(record);
  throw Error(ErrorCode::kConfigInvalid,
              fmt::format("cannot run commands as {}: this host has no such "
                          "user",
                          Quoted(name)));
}

}  // namespace release
