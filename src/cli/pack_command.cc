#include "cli/pack_command.h"

#include <fmt/format.h>

#include <charconv>

#include "archive/pack.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/progress_display.h"
#include "deploy/deploy_context.h"
#include "os/posix_clock.h"
#include "os/posix_fs.h"
#include "os/startup.h"
#include "trust/digest.h"

namespace release {
namespace {

struct Target {
  HostPath directory;  // its real path
  std::string name;
  std::string path() const { return (directory / name).string(); }
};

Target TargetOf(const std::string& output) {
  const HostPath path = AbsolutePath(output);
  return {RealPath(path.parent_path()), path.filename().string()};
}

[[noreturn]] void Refuse(const PackOptions& options, const std::string& why) {
  throw Error(ErrorCode::kUsage, fmt::format("cannot pack into {}: {}",
                                             Quoted(options.output), why));
}

Compression CompressionOrThrow(const PackOptions& options,
                               const Target& target) {
  const auto compression = CompressionOfName(target.name);
  if (!compression) {
    Refuse(options, "its name must end in .tar, .tar.gz, .tar.xz or .tar.zst");
  }
  // Compare real paths: a link could lead from one into the other. An archive
  // in the tree would have to contain itself.
  const HostPath tree = RealPath(AbsolutePath(options.directory));
  if (IsWithin(target.directory, tree)) {
    Refuse(options, "it would be in the tree that is packed");
  }
  return *compression;
}

// The time that reproducible-builds.org defines for everything built from one
// source.
std::optional<std::int64_t> SourceDate() {
  const std::string text = Environment("SOURCE_DATE_EPOCH");
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, seconds);
  if (error == std::errc() && last == end && seconds >= 0) return seconds;
  throw Error(ErrorCode::kUsage,
              fmt::format("cannot pack: SOURCE_DATE_EPOCH is {}, not a number "
                          "of seconds since 1970; unset it to keep each file's "
                          "own time",
                          Quoted(text)));
}

// A new file under a temporary name. Keep gives it its name; otherwise the
// destructor removes it.
class NewFile {
 public:
  NewFile(Fs* fs, const std::string& name)
      : fs_(fs), name_(name), temporary_("." + name + ".new") {
    // A killed run may have left one.
    fs->RemoveFile(Fs::kRoot, temporary_);
    file_ = ScopedHandle(
        fs, fs->Open(Fs::kRoot, temporary_, OpenMode::kCreateNew, 0644));
  }
  void Write(std::string_view bytes) {
    if (!bytes.empty()) fs_->Write(file_.get(), bytes);
  }
  // Make the bytes durable before Keep renames the file.
  void Sync() { fs_->Sync(file_.get()); }
  void Keep() {
    fs_->Rename(Fs::kRoot, temporary_, Fs::kRoot, name_, RenameMode::kReplace);
    kept_ = true;
  }
  ~NewFile() {
    if (kept_) return;
    try {
      fs_->RemoveFile(Fs::kRoot, temporary_);
    } catch (const FsError&) {
      // The failure that ended the command is the one to report.
    }
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

 private:
  Fs* fs_;
  std::string name_;
  std::string temporary_;
  ScopedHandle file_;
  bool kept_ = false;
};

struct Written {
  std::string sha256;
  std::uint64_t bytes = 0;
};

// Writes the archive and its checksum file. Both are complete and durable
// before either gets its name; a crash between the two renames can leave an
// archive beside an old checksum file or none.
Written WriteFiles(Fs* tree, const Manifest& manifest, const ArchiveForm& form,
                   const Target& target) {
  PosixFs out(target.directory);
  NewFile archive(&out, target.name);
  NewFile checksum(&out, target.name + ".sha256");
  Sha256 digest;
  Written written;
  WriteArchive(tree, manifest, form, [&](std::span<const char> bytes) {
    archive.Write({bytes.data(), bytes.size()});
    digest.Update(bytes);
    written.bytes += bytes.size();
  });
  written.sha256 = digest.Finish();
  checksum.Write(fmt::format("{}  {}\n", written.sha256, target.name));
  archive.Sync();
  checksum.Sync();
  archive.Keep();
  checksum.Keep();
  // Make both names durable before success is reported.
  out.Sync(Fs::kRoot);
  return written;
}

Manifest HashForPack(DeployContext* context, Fs* tree,
                     const std::optional<Version>& version,
                     const PackOptions& options) {
  const ReportedWork work(context, "hash", 0);
  return ManifestOfTree(
      tree, version, options.keep_modes ? PackModes::kKept : PackModes::kPlain);
}

void Print(const GlobalOptions& global, const Target& target,
           const Written& written, const Manifest& manifest) {
  if (global.json) {
    PrintJson(PackJson(
        global.subject,
        {.file = target.path(),
         .sha256 = written.sha256,
         .bytes = written.bytes,
         .entries = manifest.entries.size(),
         .version = manifest.version ? manifest.version->name() : ""}));
  }
  Say(global, fmt::format("{}: {} entries, {}, sha256 {}", target.path(),
                          manifest.entries.size(), FormatSize(written.bytes),
                          written.sha256));
}

}  // namespace

int RunPack(const GlobalOptions& global, const PackOptions& options) {
  const Target target = TargetOf(options.output);
  const ArchiveForm form{CompressionOrThrow(options, target), SourceDate()};
  std::optional<Version> version;
  if (!options.version.empty()) {
    version = Version::ParseOrThrow(options.version);
  }
  PosixFs tree(AbsolutePath(options.directory));
  PosixClock clock;
  ByteCount bytes;
  DeployContext context;
  context.system.clock = &clock;
  context.bytes = &bytes;
  context.report = EventPrinter(global, &bytes);
  tree.CountReads(&bytes);
  const Manifest manifest = HashForPack(&context, &tree, version, options);
  if (global.dry_run) {
    return PrintPlan(
        global, CommandId::kPack,
        {fmt::format("pack {} entries, {}, into {}", manifest.entries.size(),
                     FormatSize(manifest.TotalBytes()), target.path())});
  }
  std::optional<ReportedWork> work;
  work.emplace(&context, "pack", manifest.TotalBytes());
  const Written written = WriteFiles(&tree, manifest, form, target);
  work.reset();
  Print(global, target, written, manifest);
  return 0;
}

}  // namespace release
