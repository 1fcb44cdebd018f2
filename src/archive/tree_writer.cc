#include "archive/tree_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "archive/open_directories.h"
#include "base/error.h"
#include "base/text.h"
#include "os/path_rules.h"
#include "os/thread_pool.h"

namespace release {
namespace {

// Lanes and batches. Creating files costs more than filling them: most of the
// time goes into the kernel's work for each name. Therefore several threads
// write the files, each from a lane, a queue of its own. Two facts decide how
// files are spread over the lanes. The kernel lets only one thread at a time
// create names in a directory, so files of one directory follow one another on
// one lane, as long as that lane is not far behind the others. And waking a
// thread for each small file would cost as much as writing it, so files are
// gathered in batches of 256 KiB. A batch goes to one lane, where the last file
// of one batch may go on in the next: a lane writes its batches in order.
//
// Batches bound the memory: kMostBatches wait in all, and Submit blocks the
// caller when its lane is full. Before it comes to that, the caller writes a
// batch itself, if no lane can be in the same directory and the batch holds
// whole files only. Contents are not copied if the block that holds them can be
// kept until they are written.

constexpr std::size_t kBatchBytes = std::size_t{256} << 10;
constexpr std::size_t kMostBatches = 30;  // that wait; one more on each lane
constexpr std::size_t kEnough = 8;        // on a lane, for the caller to help
// A batch of this many small files is handed on before it is full.
constexpr std::size_t kMostPieces = 256;

// A batch of this size is handed on when the directory changes, and the next
// directory may go to another lane.
constexpr std::size_t kWorthALane = std::size_t{64} << 10;
// With this many batches waiting on its lane, a directory continues on another.
constexpr std::size_t kMostOnLane = 6;

std::string NameOf(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// A file or a part of one.
struct Piece {
  bool begins = false;  // a file; else continues the one before
  OpenDirectories::Shared directory;
  std::string name;
  TreeWriter::Attributes attributes;
  std::string_view content;
  bool whole = false;  // the piece is all of the file
  std::optional<OpenDirectories::Shared> earlier;  // for taking over
};

struct Batch {
  std::vector<Piece> pieces;
  std::vector<char> copied;  // bytes of pieces that nothing else keeps
  std::vector<SharedBlock> kept;
  std::size_t size = 0;  // of all content

  std::size_t room() const { return kBatchBytes - size; }

  // Adds bytes of the file begun last; copies them if `block` is null.
  void Add(std::string_view part, const SharedBlock& block) {
    const bool new_block = block && (kept.empty() || kept.back() != block);
    if (new_block) kept.push_back(block);
    if (!block) {
      // Reserve the maximum once: the pieces point into it.
      copied.reserve(kBatchBytes);
      const std::size_t at = copied.size();
      copied.insert(copied.end(), part.begin(), part.end());
      part = std::string_view(copied.data() + at, part.size());
    }
    size += part.size();
    std::string_view& last = pieces.back().content;
    // Adjacent addresses do not imply the same block; never merge across
    // blocks.
    if (!new_block && last.data() + last.size() == part.data()) {
      last = std::string_view(last.data(), last.size() + part.size());
      return;
    }
    if (!last.empty()) pieces.emplace_back();
    pieces.back().content = part;
  }

  void Clear() {
    pieces.clear();
    copied.clear();
    kept.clear();
    size = 0;
  }
};

// Writes batches one after the other; a file may go on in the next.
class Writer {
 public:
  Writer(Fs* fs, Fs::Handle top, const TreeWriter::Options& options)
      : fs_(fs),
        top_(top),
        owner_(options.owner),
        takeover_(fs, options.earlier) {}

  void Write(const Batch& batch) {
    for (const Piece& piece : batch.pieces) {
      const bool taken_over = piece.begins && Begin(piece);
      if (!taken_over && !piece.content.empty()) Put(piece.content);
    }
  }

  void CloseFile() {
    if (!file_) return;
    takeover_.End();
    if (modified_) fs_->SetModified(file_.get(), "", *modified_);
    file_ = ScopedHandle();
    // After the last write, so that no file of another owner is written to.
    if (owner_) {
      fs_->SetOwner(Directory(), name_, owner_->user, owner_->group);
    }
    directory_.reset();
  }

 private:
  // Returns true if the whole file was taken over, so that it is not written.
  bool Begin(const Piece& piece) {
    CloseFile();
    directory_ = piece.directory;
    name_ = piece.name;
    const unsigned mode = piece.attributes.mode;
    modified_ = piece.attributes.modified;
    const NewFile file{Directory(), name_, mode, piece.earlier};
    if (piece.whole && takeover_.Link(file, piece.content)) return true;
    file_ = ScopedHandle(
        fs_, fs_->Open(Directory(), name_, OpenMode::kCreateNew, mode));
    std::optional<std::uint64_t> size;
    if (piece.whole) size = piece.content.size();
    takeover_.Begin(file, file_.get(), size);
    return false;
  }

  void Put(std::string_view content) {
    if (!takeover_.Put(content)) fs_->Write(file_.get(), content);
  }

  Fs::Handle Directory() const { return directory_ ? directory_->get() : top_; }

  Fs* fs_;
  Fs::Handle top_;
  std::optional<OwnerIds> owner_;
  OpenDirectories::Shared directory_;
  std::string name_;
  std::optional<std::int64_t> modified_;
  Takeover takeover_;
  ScopedHandle file_;
};

// A thread and the writer that it alone uses.
struct Lane {
  Lane(Fs* fs, Fs::Handle top, const TreeWriter::Options& options,
       std::size_t room)
      : writer(fs, top, options), pool(options.threads == 0 ? 0 : 1, room) {}
  Writer writer;
  ThreadPool pool;  // last: its thread uses the writer
};

}  // namespace

struct TreeWriter::Impl {
  struct Link {
    std::string path;
    std::string target;
  };

  Impl(Fs* fs_in, Fs::Handle top_in, const Options& options_in)
      : fs(fs_in),
        top(top_in),
        options(options_in),
        directories(fs_in, top_in),
        own(fs_in, top_in, options_in) {
    const std::size_t count = std::max(options.threads, 1U);
    for (std::size_t i = 0; i < count; ++i) {
      lanes.push_back(
          std::make_unique<Lane>(fs, top, options, kMostBatches / count));
    }
    lane = lanes.front().get();
  }

  void Own(Fs::Handle parent, const std::string& name) {
    if (owner()) fs->SetOwner(parent, name, owner()->user, owner()->group);
  }
  const std::optional<OwnerIds>& owner() const { return options.owner; }

  OpenDirectories::Shared Parent(const std::string& path) {
    const std::string parent = ParentOf(path);
    if (directories.IsFullFor(parent) ||
        (options.earlier != nullptr && options.earlier->IsFullFor(parent))) {
      Drain();
      Forget();
    }
    return directories.Get(parent);
  }

  void Forget() {
    directories.Forget();
    if (options.earlier != nullptr) options.earlier->Forget();
  }

  // -- batches

  void Submit() {
    if (!batch) return;
    auto full = std::exchange(batch, nullptr);
    if (IsForCaller(*full)) {
      own.Write(*full);
      own.CloseFile();
      last_path.clear();
      return;
    }
    queued_directory = full->pieces.back().directory;
    lane->pool.Submit(
        [writer = &lane->writer, full = std::move(full)]() mutable {
          writer->Write(*full);
          // Before the pool counts the task as done: Drain lets go of
          // directories.
          full.reset();
        });
  }

  // Whether the caller should write this batch: the lane has enough to do, and
  // the caller would not wait for a directory that a lane may be writing.
  bool IsForCaller(const Batch& full) const {
    const auto is_apart = [this](const Piece& piece) {
      return piece.whole && piece.directory != queued_directory;
    };
    return options.threads > 0 && lane->pool.pending() >= kEnough &&
           std::all_of(full.pieces.begin(), full.pieces.end(), is_apart);
  }

  // Waits until all added files are written and closed.
  void Drain() {
    Submit();
    for (const auto& each : lanes) {
      each->pool.Submit([writer = &each->writer] { writer->CloseFile(); });
    }
    for (const auto& each : lanes) each->pool.Wait();
    last_path.clear();
    last_directory.reset();
    queued_directory.reset();
  }

  // Begins the batch for the next file: on the lane of its directory, unless
  // that lane is behind, else on the lane with the least to do.
  void BeginBatch(const OpenDirectories::Shared& directory) {
    batch = pool.Take();
    if (lanes.size() == 1) return;
    if (directory == last_directory && lane->pool.pending() < kMostOnLane) {
      return;
    }
    lane = std::min_element(lanes.begin(), lanes.end(),
                            [](const auto& a, const auto& b) {
                              return a->pool.pending() < b->pool.pending();
                            })
               ->get();
  }

  // Adds bytes of the file begun last, which stay on its lane.
  void Fill(std::string_view content, const SharedBlock& kept) {
    while (!content.empty()) {
      if (batch && batch->room() == 0) Submit();
      if (!batch) {
        batch = pool.Take();
        batch->pieces.emplace_back();
      }
      const auto part = content.substr(0, batch->room());
      batch->Add(part, kept);
      content.remove_prefix(part.size());
    }
  }

  void AddFile(const std::string& path, const Attributes& attributes,
               std::string_view content, Content kind,
               const SharedBlock& kept) {
    auto directory = Parent(path);
    // A small file stays in one piece.
    const bool full = batch && (batch->pieces.size() >= kMostPieces ||
                                batch->room() < content.size());
    const bool leaves =
        batch && directory != last_directory && batch->size >= kWorthALane;
    if (full || leaves) Submit();
    if (!batch) BeginBatch(directory);
    last_directory = directory;
    batch->pieces.push_back({.begins = true,
                             .directory = std::move(directory),
                             .name = NameOf(path),
                             .attributes = attributes,
                             .whole = kind == Content::kWhole});
    if (options.earlier != nullptr) {
      batch->pieces.back().earlier = options.earlier->Find(ParentOf(path));
    }
    last_path = path;
    Fill(content, kept);
  }

  void Append(const std::string& path, std::string_view content,
              const SharedBlock& kept) {
    if (path == last_path) {
      // The file begun last is no longer whole.
      if (batch) batch->pieces.back().whole = false;
      Fill(content, kept);
      return;
    }
    Drain();
    const auto directory = Parent(path);
    const ScopedHandle file =
        OpenToAppend(directories.HandleOf(directory), NameOf(path));
    // Never write into a file that the earlier release shares.
    const FileInfo before = fs->StatHandle(file.get());
    if (before.links > 1) {
      throw Error(ErrorCode::kInternal,
                  "cannot append to " + Quoted(path) + ": it has two names",
                  path);
    }
    fs->Write(file.get(), content);
    fs->SetModified(file.get(), "", before.modified_exactly);
  }

  // A file that its owner may not write lets itself be opened only once: when
  // it is made.
  ScopedHandle OpenToAppend(Fs::Handle directory, const std::string& name) {
    try {
      return ScopedHandle(fs, fs->Open(directory, name, OpenMode::kAppend));
    } catch (const FsError& error) {
      if (error.error_number() != EACCES) throw;
    }
    const unsigned mode = fs->Stat(directory, name)->mode;
    fs->SetMode(directory, name, mode | 0200);
    ScopedHandle file(fs, fs->Open(directory, name, OpenMode::kAppend));
    fs->SetMode(directory, name, mode);
    return file;
  }

  // -- directories

  void NoteTime(const std::string& path, const Attributes& attributes) {
    if (attributes.modified) directory_times[path] = *attributes.modified;
  }

  void SetTimes() {
    for (const auto& [path, modified] : directory_times) {
      const auto parent = Parent(path);
      fs->SetModified(directories.HandleOf(parent), NameOf(path), modified);
    }
  }

  // -- links

  void MakeHardLink(const Link& link) {
    const auto existing = Parent(link.target);
    const auto parent = Parent(link.path);
    fs->MakeHardLink(directories.HandleOf(existing), NameOf(link.target),
                     directories.HandleOf(parent), NameOf(link.path));
  }

  void MakeSymlink(const Link& link) {
    const auto parent = Parent(link.path);
    const Fs::Handle handle = directories.HandleOf(parent);
    const std::string name = NameOf(link.path);
    fs->MakeSymlink(link.target, handle, name);
    Own(handle, name);
  }

  Fs* fs;
  Fs::Handle top;
  Options options;
  OpenDirectories directories;
  Pool<Batch> pool;
  std::shared_ptr<Batch> batch;  // being filled, for `lane`
  std::string last_path;         // the file begun last; empty: none is open
  OpenDirectories::Shared last_directory;    // of that file
  OpenDirectories::Shared queued_directory;  // of the last file on a lane
  Writer own;                                // of the caller
  std::vector<Link> hard_links;
  std::vector<Link> symlinks;
  // Of directories, by path, so that those beside one another stay so.
  std::map<std::string, std::int64_t> directory_times;
  std::vector<std::unique_ptr<Lane>> lanes;  // last: their threads use the rest
  Lane* lane = nullptr;
};

TreeWriter::TreeWriter(Fs* fs, Fs::Handle directory, const Options& options)
    : impl_(std::make_unique<Impl>(fs, directory, options)) {}

TreeWriter::~TreeWriter() = default;

void TreeWriter::AddDirectory(const std::string& path,
                              const Attributes& attributes) {
  const auto parent = impl_->Parent(path);
  const Fs::Handle handle = impl_->directories.HandleOf(parent);
  const std::string name = NameOf(path);
  impl_->fs->MakeDirectory(handle, name, attributes.mode);
  impl_->Own(handle, name);
  impl_->NoteTime(path, attributes);
}

void TreeWriter::SetDirectory(const std::string& path,
                              const Attributes& attributes) {
  impl_->NoteTime(path, attributes);
  if (path.empty()) return;
  const auto parent = impl_->Parent(path);
  impl_->fs->SetMode(impl_->directories.HandleOf(parent), NameOf(path),
                     attributes.mode);
}

void TreeWriter::AddFile(const std::string& path, const Attributes& attributes,
                         std::string_view content, Content kind,
                         const SharedBlock& kept) {
  impl_->AddFile(path, attributes, content, kind, kept);
}

void TreeWriter::Append(const std::string& path, std::string_view content,
                        const SharedBlock& kept) {
  impl_->Append(path, content, kept);
}

void TreeWriter::AddHardLink(const std::string& path,
                             const std::string& existing) {
  impl_->hard_links.push_back({path, existing});
}

void TreeWriter::AddSymlink(const std::string& path,
                            const std::string& target) {
  impl_->symlinks.push_back({path, target});
}

void TreeWriter::Finish() {
  impl_->Drain();
  for (const auto& link : impl_->hard_links) impl_->MakeHardLink(link);
  for (const auto& link : impl_->symlinks) impl_->MakeSymlink(link);
  impl_->SetTimes();
  impl_->Forget();
}

}  // namespace release
