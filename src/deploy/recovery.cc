#include "deploy/recovery.h"

#include "store/layout.h"

namespace release {
namespace {

using Link = RecoveryPlan::Link;
using Tree = RecoveryPlan::Tree;

Link PlanLink(const BeginRecord& begin, const DiskFacts& disk) {
  if (disk.current_target == begin.from_target) return Link::kSync;
  const bool ours = begin.to && disk.current_target == ReleasePath(*begin.to);
  if (!ours && disk.current_target) return Link::kLeave;
  if (!begin.from_target) return Link::kRemove;
  return disk.from_exists ? Link::kRestore : Link::kStuck;
}

Tree PlanTree(const TransactionRecord& record, const DiskFacts& disk,
              Link link) {
  if (!record.begin->creates || !disk.to_inode) return Tree::kKeep;
  // A switch comes after the publishing, and inodes change in a copied root.
  if (record.switching) return Tree::kKeepFailed;
  if (disk.to_inode != record.tree) return Tree::kNotOurs;
  // A link that stays may lead to it, by whatever spelling a person chose.
  const bool stays = link == Link::kStuck || link == Link::kLeave;
  return stays ? Tree::kKeepFailed : Tree::kDrop;
}

}  // namespace

std::optional<RecoveryPlan> PlanRecovery(const TransactionRecord& record,
                                         const DiskFacts& disk) {
  if (!record.open()) return std::nullopt;
  RecoveryPlan plan;
  plan.link = PlanLink(*record.begin, disk);
  plan.tree = PlanTree(record, disk, plan.link);
  // `switching` is durable before the swap: where it is missing and the link is
  // as it was, nobody can have reloaded.
  const bool moves = plan.link == Link::kRestore || plan.link == Link::kRemove;
  plan.reload = !record.begin->takes_over &&
                (moves || (record.switching && plan.link == Link::kSync));
  return plan;
}

}  // namespace release
