#include "deploy/recovery.h"

#include "store/layout.h"

namespace release {
namespace {

using Link = RecoveryPlan::Link;
using Tree = RecoveryPlan::Tree;

// Compares where `current` points with the two places where the transaction can
// have left it: its earlier target and its own release. Any other target was
// chosen by a person and must stay.
Link PlanLink(const BeginRecord& begin, const DiskFacts& disk) {
  if (disk.current_target == begin.from_target) return Link::kSync;
  const bool ours = begin.to && disk.current_target == ReleasePath(*begin.to);
  // A missing `current` is restored too, because it must always resolve.
  if (!ours && disk.current_target) return Link::kLeave;
  if (!begin.from_target) return Link::kRemove;
  return disk.from_exists ? Link::kRestore : Link::kStuck;
}

Tree PlanTree(const TransactionRecord& record, const DiskFacts& disk,
              Link link) {
  if (!record.begin->creates || !disk.to_inode) return Tree::kKeep;
  // The switch follows the publishing, so this transaction made the tree. Do
  // not compare inodes here: they differ if the root was copied or restored.
  if (record.switching || record.starting) return Tree::kKeepFailed;
  if (disk.to_inode != record.tree) return Tree::kNotOurs;
  // A link that stays where it is may lead to this tree, perhaps by another
  // spelling of its path, so do not delete the tree.
  const bool stays = link == Link::kStuck || link == Link::kLeave;
  return stays ? Tree::kKeepFailed : Tree::kDrop;
}

// An instance may run as soon as `starting` is written. A rollback to one that
// runs already writes only `switching`.
void PlanInstances(const TransactionRecord& record, RecoveryPlan* plan) {
  const BeginRecord& begin = *record.begin;
  if (!begin.to || !(record.starting || record.switching) || begin.takes_over ||
      plan->link == Link::kStuck) {
    return;
  }
  const bool ran = record.service_before == ServiceBefore::kRunning;
  // If the live release itself was started, it is the earlier one, too.
  plan->stop_new = !begin.KeepsLive() || !ran;
  plan->keep_earlier_running =
      begin.from_target && ran && plan->link != Link::kLeave;
}

}  // namespace

std::optional<RecoveryPlan> PlanRecovery(const TransactionRecord& record,
                                         const DiskFacts& disk) {
  if (!record.open()) return std::nullopt;
  RecoveryPlan plan;
  plan.link = PlanLink(*record.begin, disk);
  plan.tree = PlanTree(record, disk, plan.link);
  // `switching` is durable before the swap. If it is missing and the link is
  // unchanged, the service cannot have loaded the new release.
  const bool moves = plan.link == Link::kRestore || plan.link == Link::kRemove;
  plan.reload = !record.begin->takes_over &&
                (moves || (record.switching && plan.link == Link::kSync));
  PlanInstances(record, &plan);
  return plan;
}

}  // namespace release
