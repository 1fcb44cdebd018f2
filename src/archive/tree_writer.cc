#include "archive/tree_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "archive/batch_writer.h"
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

// A thread and the writer that it alone uses.
struct Lane {
  Lane(Fs* fs, Fs::Handle top, const TreeWriter::Options& options,
       Inheritance inheritance, std::size_t room)
      : writer(fs, top, options, inheritance),
        pool(options.threads == 0 ? 0 : 1, room) {}
  BatchWriter writer;
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
        inheritance(InheritanceOf(fs_in, top_in)),
        directories(fs_in, top_in),
        own(fs_in, top_in, options_in, inheritance) {
    const std::size_t count = std::max(options.threads, 1U);
    for (std::size_t i = 0; i < count; ++i) {
      lanes.push_back(std::make_unique<Lane>(fs, top, options, inheritance,
                                             kMostBatches / count));
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

  void NoteDirectory(const std::string& path, const Attributes& attributes) {
    if (attributes.modified || inheritance == Inheritance::kSome) {
      finished_directories[path] = attributes;
    }
  }

  // Gives directories what they must not have, or lose, while names are made in
  // them: an inherited group goes on to what lies below.
  void FinishDirectories() {
    for (const auto& [path, attributes] : finished_directories) {
      const auto parent = Parent(path);
      const Fs::Handle handle = directories.HandleOf(parent);
      const std::string name = NameOf(path);
      if (inheritance == Inheritance::kSome && !path.empty() &&
          fs->Stat(handle, name)->mode != attributes.mode) {
        fs->SetMode(handle, name, attributes.mode);
      }
      if (attributes.modified) {
        fs->SetModified(handle, name, *attributes.modified);
      }
    }
  }

  // -- links

  void MakeHardLink(const Link& link) {
    const auto known = copies.find(link.target);
    const std::string& target =
        known == copies.end() ? link.target : known->second;
    const auto existing = Parent(target);
    const auto parent = Parent(link.path);
    try {
      fs->MakeHardLink(directories.HandleOf(existing), NameOf(target),
                       directories.HandleOf(parent), NameOf(link.path));
      return;
    } catch (const FsError& error) {
      // A file that releases share has names in all of them, and file systems
      // allow a file only so many.
      if (error.error_number() != EMLINK) throw;
    }
    Copy(directories.HandleOf(existing), NameOf(target),
         directories.HandleOf(parent), NameOf(link.path));
    copies[link.target] = link.path;
  }

  // Makes a file with the content, mode and time of another.
  void Copy(Fs::Handle directory, const std::string& name,
            Fs::Handle new_directory, const std::string& new_name) {
    const ScopedHandle from(fs, fs->Open(directory, name, OpenMode::kRead));
    const FileInfo info = fs->StatHandle(from.get());
    const ScopedHandle to(
        fs, fs->Open(new_directory, new_name, OpenMode::kCreateNew, info.mode));
    std::vector<char> buffer(kWorthALane);
    for (std::uint64_t at = 0; at < info.size;) {
      const std::size_t count = fs->ReadAt(from.get(), buffer, at);
      if (count == 0) break;
      fs->Write(to.get(), {buffer.data(), count});
      at += count;
    }
    if (fs->StatHandle(to.get()).mode != info.mode) {
      fs->SetMode(new_directory, new_name, info.mode);
    }
    fs->SetModified(to.get(), "", info.modified_exactly);
    Own(new_directory, new_name);
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
  const Inheritance inheritance;
  OpenDirectories directories;
  Pool<Batch> pool;
  std::shared_ptr<Batch> batch;  // being filled, for `lane`
  std::string last_path;         // the file begun last; empty: none is open
  OpenDirectories::Shared last_directory;    // of that file
  OpenDirectories::Shared queued_directory;  // of the last file on a lane
  BatchWriter own;                           // of the caller
  std::vector<Link> hard_links;
  std::vector<Link> symlinks;
  // The first name of a file with all names it may have -> its newest copy.
  std::map<std::string, std::string> copies;
  // By path, so that those beside one another stay so.
  std::map<std::string, Attributes> finished_directories;
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
  impl_->NoteDirectory(path, attributes);
}

void TreeWriter::SetDirectory(const std::string& path,
                              const Attributes& attributes) {
  impl_->NoteDirectory(path, attributes);
  if (path.empty() || impl_->inheritance == Inheritance::kSome) return;
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
  impl_->FinishDirectories();
  impl_->Forget();
}

}  // namespace release
