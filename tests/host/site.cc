#include "host/site.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/archives.h"
#include "support/json_schema.h"
#include "support/metrics_format.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

// Describes a path in one line. The modification time is included, so that a
// file that was rewritten with the same content shows.
std::string Describe(const std::string& path) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) return "cannot be looked at";
  std::ostringstream out;
  out << std::oct << info.st_mode << std::dec << " " << info.st_uid << ":"
      << info.st_gid << " " << info.st_ino;
  // Directories change when temporary files come and go, so their size and time
  // are left out.
  if (!S_ISDIR(info.st_mode)) {
    out << " " << info.st_size << " " << info.st_mtim.tv_sec << "."
        << info.st_mtim.tv_nsec;
  }
  if (S_ISLNK(info.st_mode)) out << " -> " << bfs::read_symlink(path);
  return out.str();
}

// Whether a tree that was set aside has not been deleted yet.
bool HasTrash(const std::string& root) {
  for (const auto& entry : bfs::directory_iterator(root + "/releases")) {
    if (entry.path().filename().string().starts_with(".trash-")) return true;
  }
  return false;
}

bool IsGarbage(const std::string& name) {
  for (const char* prefix :
       {".partial-", ".trash-", ".current-", ".new-", "confirm-", "abort-"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

Site::Site(const std::string& directory)
    : root_((directory.empty() ? own_.path() : directory) + "/root"),
      files_((directory.empty() ? own_.path() : directory) + "/files") {
  bfs::create_directories(files_);
  Must({"init"});
}

std::vector<std::string> Site::CommandLine(
    const std::vector<std::string>& words) const {
  std::vector<std::string> line = {RELEASE_BINARY, "--root", root_};
  line.insert(line.end(), words.begin(), words.end());
  return line;
}

Finished Site::Release(const std::vector<std::string>& words) const {
  Finished finished = Run(CommandLine(words));
  if (std::find(words.begin(), words.end(), "--metrics") == words.end()) {
    return finished;
  }
  // The output must be of the format, whatever the test looks at.
  const std::string violation = MetricsViolation(finished.out);
  if (violation.empty()) return finished;
  throw std::runtime_error(violation + " in " + finished.Describe());
}

void Site::Must(const std::vector<std::string>& words) const {
  const Finished finished = Release(words);
  if (finished.exit == 0) return;
  throw std::runtime_error("failed: " + words.front() + ": " +
                           finished.Describe());
}

nlohmann::json Site::Json(const std::vector<std::string>& words) const {
  std::vector<std::string> line = {"--json"};
  line.insert(line.end(), words.begin(), words.end());
  const Finished finished = Release(line);
  nlohmann::json object;
  try {
    object = nlohmann::json::parse(finished.out);
  } catch (const nlohmann::json::exception&) {
    throw std::runtime_error("no JSON: " + finished.Describe());
  }
  const std::string violation = OutputViolation(object);
  if (!violation.empty()) throw std::runtime_error(violation);
  return object;
}

std::string Site::Archive(const std::string& version,
                          const std::string& variant) const {
  const std::string path = files_ + "/" + version + variant + ".tar";
  const std::string text = version + variant + "\n";
  Spill(path, TarBuilder()
                  .File("name", text)
                  .Directory("sub")
                  .File("sub/more", text + text)
                  .Bytes());
  return path;
}

void Site::Deploy(const std::string& version) const {
  Must({"deploy", Archive(version), "--version", version});
}

std::string Site::ConfigFile(const std::string& name,
                             const std::string& text) const {
  const std::string path = files_ + "/" + name;
  Spill(path, "root = \"" + root_ + "\"\n" + text);
  return path;
}

std::string Site::Live() const {
  boost::system::error_code error;
  const std::string target =
      bfs::read_symlink(root_ + "/current", error).string();
  const std::string prefix = "releases/";
  return target.starts_with(prefix) ? target.substr(prefix.size()) : target;
}

std::vector<std::string> Site::Releases() const {
  Eventually([&] { return !HasTrash(root_); });
  std::vector<std::string> names;
  for (const auto& entry : bfs::directory_iterator(root_ + "/releases")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void DeployAll(const Site& site, const std::vector<std::string>& versions) {
  for (const std::string& version : versions) site.Deploy(version);
}

std::map<std::string, std::string> Listing(
    const std::string& directory, const std::vector<std::string>& left_out) {
  std::map<std::string, std::string> listing;
  listing["."] = Describe(directory);
  for (auto it = bfs::recursive_directory_iterator(directory);
       it != bfs::recursive_directory_iterator(); ++it) {
    const std::string path = it->path().lexically_relative(directory).string();
    if (std::find(left_out.begin(), left_out.end(), path) != left_out.end()) {
      it.disable_recursion_pending();
    } else {
      listing[path] = Describe(it->path().string());
    }
  }
  return listing;
}

std::vector<std::string> Garbage(const std::string& root) {
  Eventually([&] { return !HasTrash(root); });
  std::vector<std::string> found;
  for (const char* directory :
       {"", "/releases", "/.release", "/.release/manifests"}) {
    for (const auto& entry : bfs::directory_iterator(root + directory)) {
      if (IsGarbage(entry.path().filename().string()))
        found.push_back(entry.path().string());
    }
  }
  return found;
}

bool RecordLeftOpen(const std::string& root) {
  std::string newest;
  for (const auto& entry :
       bfs::directory_iterator(root + "/.release/transactions")) {
    const std::string path = entry.path().string();
    if (path.ends_with(".log")) newest = std::max(newest, path);
  }
  if (newest.empty()) return false;
  std::ifstream in(newest);
  bool begun = false;
  bool ended = false;
  // A last line without a line feed is torn and does not count.
  for (std::string line; std::getline(in, line) && !in.eof();) {
    begun = begun || line.find(R"("kind":"begin")") != std::string::npos;
    ended = ended || line.find(R"("kind":"committed")") != std::string::npos ||
            line.find(R"("kind":"undone")") != std::string::npos;
  }
  return begun && !ended;
}

void ApartFromOtherMounts() {
  // MS_SLAVE: mounts of the rest of the machine still appear here, but ours do
  // not appear there.
  static const bool apart =
      unshare(CLONE_NEWNS) == 0 &&
      mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0;
  if (!apart) throw std::runtime_error("cannot get a mount namespace");
}

PrivateMount::PrivateMount(const std::string& arguments,
                           const std::string& directory)
    : directory_(directory) {
  ApartFromOtherMounts();
  bfs::create_directories(directory);
  const Finished mounted =
      RunShell("exec mount " + arguments + " " + directory);
  if (mounted.exit != 0) {
    throw std::runtime_error("cannot mount: " + mounted.Describe());
  }
}

PrivateMount::~PrivateMount() { umount2(directory_.c_str(), MNT_DETACH); }

}  // namespace release
