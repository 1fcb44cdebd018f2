#include "archive/tree_writer.h"

#include <algorithm>

namespace release {
namespace {

std::string NameOf(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace

TreeWriter::TreeWriter(Fs* fs, Fs::Handle directory,
                       std::optional<OwnerIds> owner)
    : fs_(fs), directory_(directory), owner_(owner) {}

Fs::Handle TreeWriter::Parent(std::string_view path) {
  std::size_t depth = 0;
  for (std::size_t end = path.find('/'); end != path.npos;
       end = path.find('/'), ++depth) {
    const std::string_view name = path.substr(0, end);
    path.remove_prefix(end + 1);
    if (depth < levels_.size() && levels_[depth].name == name) continue;
    levels_.resize(std::min(depth, levels_.size()));
    const Fs::Handle above =
        levels_.empty() ? directory_ : levels_.back().handle.get();
    std::string component(name);
    Opened handle(fs_, fs_->OpenDirectory(above, component));
    levels_.push_back({std::move(component), std::move(handle)});
  }
  return depth == 0 ? directory_ : levels_[depth - 1].handle.get();
}

void TreeWriter::Own(Fs::Handle parent, const std::string& name) {
  if (owner_) fs_->SetOwner(parent, name, owner_->user, owner_->group);
}

void TreeWriter::CloseFile() {
  if (!open_file_) return;
  open_file_ = Opened();
  // After the last write, so that no file of another owner is written to.
  Own(Parent(open_path_), NameOf(open_path_));
}

void TreeWriter::AddDirectory(const std::string& path, unsigned mode) {
  CloseFile();
  const Fs::Handle parent = Parent(path);
  const std::string name = NameOf(path);
  fs_->MakeDirectory(parent, name, mode);
  Own(parent, name);
}

void TreeWriter::SetDirectoryMode(const std::string& path, unsigned mode) {
  CloseFile();
  fs_->SetMode(Parent(path), NameOf(path), mode);
}

void TreeWriter::AddFile(const std::string& path, unsigned mode,
                         std::string_view content) {
  CloseFile();
  const Fs::Handle parent = Parent(path);
  open_file_ =
      Opened(fs_, fs_->Open(parent, NameOf(path), OpenMode::kCreateNew, mode));
  open_path_ = path;
  if (!content.empty()) fs_->Write(open_file_.get(), content);
}

void TreeWriter::Append(const std::string& path, std::string_view content) {
  if (!open_file_ || open_path_ != path) {
    CloseFile();
    open_file_ =
        Opened(fs_, fs_->Open(Parent(path), NameOf(path), OpenMode::kAppend));
    open_path_ = path;
  }
  fs_->Write(open_file_.get(), content);
}

void TreeWriter::AddHardLink(const std::string& path,
                             const std::string& existing) {
  hard_links_.push_back({path, existing});
}

void TreeWriter::AddSymlink(const std::string& path,
                            const std::string& target) {
  symlinks_.push_back({path, target});
}

void TreeWriter::Finish() {
  CloseFile();
  for (const Link& link : hard_links_) {
    Opened existing_parent;
    const std::size_t slash = link.target.rfind('/');
    if (slash != link.target.npos) {
      existing_parent = Opened(
          fs_, fs_->OpenDirectory(directory_, link.target.substr(0, slash)));
    }
    fs_->MakeHardLink(existing_parent ? existing_parent.get() : directory_,
                      NameOf(link.target), Parent(link.path),
                      NameOf(link.path));
  }
  for (const Link& link : symlinks_) {
    const Fs::Handle parent = Parent(link.path);
    const std::string name = NameOf(link.path);
    fs_->MakeSymlink(link.target, parent, name);
    Own(parent, name);
  }
  levels_.clear();
}

}  // namespace release
