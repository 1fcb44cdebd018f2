#include "deploy/prune.h"

#include <fmt/format.h>

#include "store/layout.h"

namespace release {
namespace {

// Versions that a process runs from, by its executable, directory or maps.
std::set<Version> InUse(Host* host) {
  const std::string releases = host->config->root + "/" + kReleases;
  std::set<Version> used;
  for (const ProcessUse& use : host->doors.runner->UsersOf(releases)) {
    if (auto version = VersionOfPath(releases, use.path)) used.insert(*version);
  }
  return used;
}

}  // namespace

std::vector<RetentionVerdict> JudgeReleases(Host* host,
                                            const Standing& standing) {
  RetentionFacts facts{
      .ledger = standing.ledger,
      .live = standing.live,
      .live_in_doubt = !standing.live &&
                       (standing.current_target || !standing.current_is_link),
      .in_use = InUse(host),
      .named = std::nullopt,
      .keep_releases = host->config->keep_releases};
  if (standing.open) facts.named = standing.open->begin->to;
  return DecideRetention(facts);
}

std::vector<std::string> ApplyRetention(Host* host, std::uint64_t transaction) {
  const Standing standing = ReadStanding(host->fs, transaction);
  std::vector<Version> going;
  for (const RetentionVerdict& verdict : JudgeReleases(host, standing)) {
    if (verdict.keep) continue;
    going.push_back(verdict.version);
    host->report({.kind = Event::Kind::kRemark,
                  .transaction = transaction,
                  .text = fmt::format("removing {}: {}", verdict.version.name(),
                                      verdict.reason)});
  }
  SetAside(host->fs, transaction, going);
  return CollectGarbage(host->fs, host->ThreadsFor(kRemoveThreads),
                        host->deletes_later ? Trash::kLeave : Trash::kDelete);
}

}  // namespace release
