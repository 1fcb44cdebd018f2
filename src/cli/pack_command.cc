#include "cli/pack_command.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "archive/pack.h"
#include "archive/thin_manifest.h"
#include "base/hex.h"
#include "base/manifest_text.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/progress_display.h"
#include "cli/session.h"
#include "deploy/deploy_context.h"
#include "os/input.h"
#include "os/posix_clock.h"
#include "os/posix_fs.h"
#include "os/startup.h"
#include "os/terminal.h"
#include "trust/digest.h"
#include "trust/file_hash.h"

namespace release {
namespace {

// The word for standard input and output.
constexpr char kStream[] = "-";

struct Target {
  HostPath directory;  // its real path
  std::string name;    // "": standard output
  bool is_stream() const { return name.empty(); }
  std::string path() const {
    return is_stream() ? kStream : (directory / name).string();
  }
};

Target TargetOf(const std::string& output) {
  if (output == kStream) return {};
  const HostPath path = AbsolutePath(output);
  return {RealPath(path.parent_path()), path.filename().string()};
}

[[noreturn]] void Refuse(const PackOptions& options, const std::string& why) {
  throw Error(ErrorCode::kUsage, fmt::format("cannot pack into {}: {}",
                                             Quoted(options.output), why));
}

Compression CompressionOrThrow(const GlobalOptions& global,
                               const PackOptions& options,
                               const Target& target) {
  if (target.is_stream()) {
    if (global.json) Refuse(options, "--json prints there, too");
    if (IsTerminal(OutputStream::kOut)) Refuse(options, "it is a terminal");
    return Compression::kZstd;
  }
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
  std::string manifest_sha256;  // of the whole release's manifest
  std::uint64_t bytes = 0;
};

// The tree to pack and how, and the earlier manifest for a thin archive.
struct Job {
  Fs* tree = nullptr;
  Manifest manifest;
  Compression compression = Compression::kNone;
  std::optional<Manifest> base;
  Sha256Bytes base_digest{};
};

Written WriteInto(Job* job, const ByteSink& sink) {
  Sha256 digest;
  Written written;
  const ByteSink counted = [&](std::span<const char> bytes) {
    sink(bytes);
    digest.Update(bytes);
    written.bytes += bytes.size();
  };
  written.manifest_sha256 = HexText(
      job->base
          ? WriteThinArchive(job->tree, job->manifest, std::move(*job->base),
                             job->base_digest, job->compression, counted)
          : WriteArchive(job->tree, job->manifest, job->compression, counted));
  written.sha256 = digest.Finish();
  return written;
}

// Writes the archive, its checksum file and the digest of its manifest. All are
// complete and durable before one of them gets its name; a crash between the
// renames can leave an archive beside old files or none.
Written WriteFiles(Job* job, const Target& target) {
  PosixFs out(target.directory);
  NewFile archive(&out, target.name);
  NewFile checksum(&out, target.name + ".sha256");
  NewFile manifest(&out, target.name + ".manifest-sha256");
  Written written = WriteInto(job, [&](std::span<const char> bytes) {
    archive.Write({bytes.data(), bytes.size()});
  });
  checksum.Write(fmt::format("{}  {}\n", written.sha256, target.name));
  manifest.Write(written.manifest_sha256 + "\n");
  for (NewFile* file : {&archive, &checksum, &manifest}) file->Sync();
  for (NewFile* file : {&archive, &manifest, &checksum}) file->Keep();
  // Make the names durable before success is reported.
  out.Sync(Fs::kRoot);
  return written;
}

Written WriteToStream(Job* job) {
  return WriteInto(job, [](std::span<const char> bytes) {
    if (WriteOut({bytes.data(), bytes.size()})) return;
    throw Error(ErrorCode::kIoError,
                fmt::format("cannot pack into standard output: {}",
                            LostOutput().value_or("nobody reads it")));
  });
}

// Reads the manifest of --base.
void TakeBase(const std::string& file, Job* job) {
  Input input = file == kStream
                    ? Input::FromDescriptor(kStandardInput, "standard input")
                    : Input::Open(AbsolutePath(file));
  std::string text;
  std::vector<char> buffer(std::size_t{256} << 10);
  while (const std::size_t n = input.Read(buffer))
    text.append(buffer.data(), n);
  job->base = ParseManifest(text, input.name());
  if (job->base->format < 2) {
    throw Error(ErrorCode::kManifestUnreadable,
                fmt::format("cannot pack by {}: it is a manifest of version 1, "
                            "which has no SHA-256; `release manifest` prints "
                            "one of version 2",
                            Quoted(input.name())),
                input.name());
  }
  job->base_digest = DigestOf(text);
}

Manifest HashForPack(DeployContext* context, Fs* tree,
                     const PackOptions& options) {
  const ReportedWork work(context, "hash", 0);
  std::optional<Version> version;
  if (!options.version.empty()) {
    version = Version::ParseOrThrow(options.version);
  }
  return ManifestOfTree(
      tree, version,
      {.modes = options.keep_modes ? PackModes::kKept : PackModes::kPlain,
       .time = SourceDate(),
       .threads = context->ThreadsFor(kHashThreads)});
}

void Print(const GlobalOptions& global, const Target& target,
           const PackedArchive& packed) {
  if (global.json) PrintJson(PackJson(global.subject, packed));
  Say(global,
      fmt::format("{}: {} entries, {}, sha256 {}, manifest {}", target.path(),
                  packed.entries, FormatSize(packed.bytes), packed.sha256,
                  packed.manifest_sha256));
}

}  // namespace

int RunPack(const GlobalOptions& global, const PackOptions& options) {
  const Target target = TargetOf(options.output);
  Job job{.compression = CompressionOrThrow(global, options, target)};
  if (!options.base.empty()) TakeBase(options.base, &job);
  PosixFs tree(AbsolutePath(options.directory));
  job.tree = &tree;
  PosixClock clock;
  ByteCount bytes;
  DeployContext context;
  context.system.clock = &clock;
  context.bytes = &bytes;
  context.threads = AllowedThreads();
  context.report = EventPrinter(global, &bytes);
  tree.CountReads(&bytes);
  job.manifest = HashForPack(&context, &tree, options);
  if (global.dry_run) {
    return PrintPlan(
        global, CommandId::kPack,
        {fmt::format("pack {} entries, {}, into {}",
                     job.manifest.entries.size(),
                     FormatSize(job.manifest.TotalBytes()), target.path())});
  }
  std::optional<ReportedWork> work;
  work.emplace(&context, "pack", job.manifest.TotalBytes());
  const Written written =
      target.is_stream() ? WriteToStream(&job) : WriteFiles(&job, target);
  work.reset();
  const auto& version = job.manifest.version;
  Print(global, target,
        {.file = target.path(),
         .sha256 = written.sha256,
         .manifest_sha256 = written.manifest_sha256,
         .bytes = written.bytes,
         .entries = job.manifest.entries.size(),
         .version = version ? version->name() : ""});
  return 0;
}

}  // namespace release
