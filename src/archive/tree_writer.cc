#include "archive/tree_writer.h"

#include <cerrno>
#include <map>
#include <utility>

#include "archive/batch_writer.h"
#include "archive/late_links.h"
#include "archive/open_directories.h"
#include "archive/writer_lanes.h"
#include "base/error.h"
#include "base/text.h"
#include "os/path_rules.h"

namespace release {

struct TreeWriter::Impl {
  Impl(Fs* fs_in, Fs::Handle top, const Options& options_in)
      : fs(fs_in),
        options(options_in),
        inheritance(InheritanceOf(fs_in, top)),
        directories(fs_in, top),
        links(fs_in, &directories, options.owner),
        lanes(fs_in, top, options, inheritance) {}

  OpenDirectories::Shared Parent(const std::string& path) {
    const std::string parent = ParentOf(path);
    ForgetIf(
        directories.IsFullFor(parent) ||
        (options.earlier != nullptr && options.earlier->IsFullFor(parent)));
    return directories.Get(parent);
  }

  // Closes the open directories, so that others can be opened.
  void ForgetIf(bool full) {
    if (!full) return;
    lanes.Drain();
    Forget();
  }
  void Forget() {
    directories.Forget();
    if (options.earlier != nullptr) options.earlier->Forget();
  }

  // -- files

  void AddFile(const std::string& path, const Attributes& attributes,
               std::string_view content, Content kind,
               const SharedBlock& kept) {
    Piece first{.begins = true,
                .directory = Parent(path),
                .name = LeafOf(path),
                .attributes = attributes,
                .whole = kind == Content::kWhole};
    if (options.earlier != nullptr) {
      first.earlier = options.earlier->Find(ParentOf(path));
    }
    last_path = path;
    lanes.Begin(std::move(first), content, kept);
  }

  void TakeFile(const std::string& path, const Attributes& attributes,
                BaseContent from) {
    const std::string source = ParentOf(from.path);
    ForgetIf(options.earlier->IsFullFor(source));
    Piece first{true, Parent(path), LeafOf(path), attributes};
    first.whole = true;
    try {
      first.earlier = options.earlier->Get(source);
    } catch (const FsError& error) {
      FailAsMissing(from, error.what());
    }
    first.from = std::make_shared<const BaseContent>(std::move(from));
    last_path = path;
    lanes.Begin(std::move(first), "", nullptr);
  }

  void Append(const std::string& path, std::string_view content,
              const SharedBlock& kept) {
    if (path == last_path && lanes.file_is_open()) {
      lanes.Continue(content, kept);
      return;
    }
    lanes.Drain();
    const auto directory = Parent(path);
    const ScopedHandle file =
        OpenToAppend(directories.HandleOf(directory), LeafOf(path));
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

  void AddDirectory(const std::string& path, const Attributes& attributes) {
    const auto parent = Parent(path);
    const Fs::Handle handle = directories.HandleOf(parent);
    const std::string name = LeafOf(path);
    fs->MakeDirectory(handle, name, attributes.mode);
    if (const auto& owner = options.owner) {
      fs->SetOwner(handle, name, owner->user, owner->group);
    }
    NoteDirectory(path, attributes);
  }

  void SetDirectory(const std::string& path, const Attributes& attributes) {
    NoteDirectory(path, attributes);
    if (path.empty() || inheritance == Inheritance::kSome) return;
    const auto parent = Parent(path);
    fs->SetMode(directories.HandleOf(parent), LeafOf(path), attributes.mode);
  }

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
      const std::string name = LeafOf(path);
      if (inheritance == Inheritance::kSome && !path.empty() &&
          fs->Stat(handle, name)->mode != attributes.mode) {
        fs->SetMode(handle, name, attributes.mode);
      }
      if (attributes.modified) {
        fs->SetModified(handle, name, *attributes.modified);
      }
    }
  }

  Fs* fs;
  Options options;
  const Inheritance inheritance;
  OpenDirectories directories;
  LateLinks links;
  std::string last_path;  // the file begun last
  // By path, so that those beside one another stay so.
  std::map<std::string, Attributes> finished_directories;
  WriterLanes lanes;  // last: its threads use the rest
};

TreeWriter::TreeWriter(Fs* fs, Fs::Handle directory, const Options& options)
    : impl_(std::make_unique<Impl>(fs, directory, options)) {}

TreeWriter::~TreeWriter() = default;

void TreeWriter::AddDirectory(const std::string& path,
                              const Attributes& attributes) {
  impl_->AddDirectory(path, attributes);
}

void TreeWriter::SetDirectory(const std::string& path,
                              const Attributes& attributes) {
  impl_->SetDirectory(path, attributes);
}

void TreeWriter::AddFile(const std::string& path, const Attributes& attributes,
                         std::string_view content, Content kind,
                         const SharedBlock& kept) {
  impl_->AddFile(path, attributes, content, kind, kept);
}

void TreeWriter::TakeFile(const std::string& path, const Attributes& attributes,
                          BaseContent from) {
  impl_->TakeFile(path, attributes, std::move(from));
}

void TreeWriter::Append(const std::string& path, std::string_view content,
                        const SharedBlock& kept) {
  impl_->Append(path, content, kept);
}

void TreeWriter::AddHardLink(const std::string& path,
                             const std::string& existing) {
  impl_->links.AddHardLink(path, existing);
}

void TreeWriter::AddSymlink(const std::string& path,
                            const std::string& target) {
  impl_->links.AddSymlink(path, target);
}

void TreeWriter::Finish() {
  impl_->lanes.Drain();
  impl_->links.Make();
  impl_->FinishDirectories();
  impl_->Forget();
}

}  // namespace release
