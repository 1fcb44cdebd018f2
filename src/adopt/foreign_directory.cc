#include "adopt/foreign_directory.h"

#include <fmt/format.h>

#include "adopt/real_path.h"
#include "base/error.h"
#include "base/reason.h"
#include "deploy/operations.h"
#include "os/host_facts.h"
#include "os/input.h"
#include "os/relocate.h"
#include "store/layout.h"
#include "store/verify.h"

namespace release {
namespace {

[[noreturn]] void Refuse(const HostPath& from, const std::string& why) {
  throw Error(ErrorCode::kNotAdoptable,
              fmt::format("cannot take over {}: {}", from, why), from.string());
}

}  // namespace

ForeignDirectory::ForeignDirectory(Fs* machine, const HostPath& from,
                                   const HostPath& root)
    : machine_(machine),
      root_(RealPlace(machine, root)),
      name_(from),
      // Do not follow the last component: after an earlier run it is the link
      // that this tool left there.
      path_(RealPath(machine, from.parent_path()) / from.filename()) {}

HostPath ForeignDirectory::Current() const { return root_ / kCurrent; }

ForeignDirectory::Where ForeignDirectory::Examine() const {
  const auto info = machine_->Stat(Fs::kRoot, FromTop(path_));
  if (!info) Refuse(name_, "there is no such directory");
  if (info->type == FileType::kSymlink) return ExamineLink();
  if (info->type != FileType::kDirectory) Refuse(name_, "it is no directory");
  RequireRootElsewhere();
  RequireNoCurrent();
  RequireOneMount();
  RequireOneFileSystem(machine_, FromTop(path_));
  RequireOnlyRootMoves();
  return Where::kInPlace;
}

// Makes the layout first, so that the directory never arrives in a root that
// later commands refuse as not initialized.
void ForeignDirectory::Move(Fs* root) const {
  InitializeLayout(root);
  MoveLeavingLink(machine_, path_.string(), Current().string());
}

std::string ForeignDirectory::Describe() const {
  return fmt::format(
      "let {} become {} and put a link to that in its place, in one step",
      name_, Current());
}

ForeignDirectory::Where ForeignDirectory::ExamineLink() const {
  // RealPath returns the path itself if the link leads nowhere.
  const HostPath leads_to = RealPath(machine_, path_);
  if (leads_to != path_ && leads_to == RealPath(machine_, Current())) {
    return Where::kMoved;
  }
  Refuse(name_, "it is a symbolic link; name the directory that it leads to");
}

// A directory cannot be renamed to a path below itself.
void ForeignDirectory::RequireRootElsewhere() const {
  if (!IsWithin(root_, path_)) return;
  Refuse(name_, fmt::format("the root {} is in it; choose one beside it, "
                            "such as --root {}.d",
                            root_, path_));
}

void ForeignDirectory::RequireNoCurrent() const {
  const auto current = machine_->Stat(Fs::kRoot, FromTop(Current()));
  if (!current) return;
  // A link that points at itself is left over from an interrupted exchange.
  if (current->type == FileType::kSymlink &&
      machine_->ReadLink(Fs::kRoot, FromTop(Current())) == Current().string()) {
    return;
  }
  Refuse(name_,
         fmt::format("there is a {} already; choose another root", Current()));
}

// Compares mounts, because device numbers do not suffice: a bind mount has the
// device number of its source, yet a rename across it fails. The root may not
// exist yet, so its nearest existing ancestor stands for it.
void ForeignDirectory::RequireOneMount() const {
  HostPath above = root_;
  while (above != "/" && !machine_->Stat(Fs::kRoot, FromTop(above))) {
    above = above.parent_path();
  }
  if (MountOf(path_) != MountOf(path_.parent_path())) {
    Refuse(name_, "something is mounted there, and a mount cannot move");
  }
  if (MountOf(path_) == MountOf(above)) return;
  Refuse(name_, fmt::format("{} is on another file system; choose a root on "
                            "the same one, such as --root {}.d",
                            above, path_));
}

// If another user could write in the parent directory, that user could put a
// different directory under the name between the checks and the move.
void ForeignDirectory::RequireOnlyRootMoves() const {
  const Reason danger = WhyOthersCanWrite(path_.parent_path());
  if (!danger) return;
  throw Error(ErrorCode::kRootUnsafe,
              fmt::format("cannot move {} as root: {}; run this as its owner, "
                          "or make it root's",
                          name_, *danger),
              name_.string());
}

}  // namespace release
