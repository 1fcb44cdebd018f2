#include "adopt/foreign_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/reason.h"

namespace release {
namespace {

// One line of a log: `version` became live.
struct Change {
  Version version;
  bool back = false;  // by a rollback
};

template <typename Take>
void ForEachLine(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Returns the version that follows `words` in the line, if there is one.
std::optional<Version> After(std::string_view line, std::string_view words) {
  const std::size_t at = line.find(words);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + words.size());
  return Version::Parse(line.substr(0, line.find_first_of(" \t\r")));
}

// Capistrano writes "Branch B (at REV) deployed as release R by USER" and "USER
// rolled back to release R", one line for each change. Lines of another form
// are skipped.
std::vector<Change> ParseRevisionsLog(std::string_view text) {
  std::vector<Change> changes;
  ForEachLine(text, [&](std::string_view line) {
    if (auto to = After(line, "rolled back to release ")) {
      changes.push_back({*to, true});
    } else if (auto deployed = After(line, "deployed as release ")) {
      changes.push_back({*deployed, false});
    }
  });
  return changes;
}

// Deployer appends one JSON object when it begins a release. Returns the
// releases in the order in which they were begun; one that was begun again
// counts from then.
std::vector<Version> ParseReleasesLog(std::string_view text) {
  std::vector<Version> begun;
  ForEachLine(text, [&](std::string_view line) {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object()) return;
    const auto name = object.find("release_name");
    if (name == object.end() || !name->is_string()) return;
    const auto version = Version::Parse(name->get<std::string>());
    if (!version) return;
    std::erase(begun, *version);
    begun.push_back(*version);
  });
  return begun;
}

ForeignRelease Good(const Version& version) {
  return {version, ReleaseState::kGood, ""};
}

// Applies the logged changes to an empty ledger, so that this tool's own rules
// decide what a deploy or a rollback means. The releases left in its activation
// order are good. A tree that the ledger knows beyond those was rolled back
// from; a tree that it does not know was never live.
ForeignHistory Replay(const ForeignFacts& facts,
                      const std::vector<Change>& changes) {
  Ledger ledger;
  const auto newest = [&]() -> std::optional<Version> {
    if (ledger.activation_order().empty()) return std::nullopt;
    return ledger.activation_order().back();
  };
  for (const auto& [version, back] : changes) {
    if (back) {
      ledger.RolledBack(newest(), version, {});
    } else {
      ledger.Activated(version, {});
    }
  }
  // The link decides what is live: an admin may have moved it by hand, without
  // a line in the log. Treat that as a rollback to it.
  ledger.RolledBack(newest(), facts.live, {});
  ForeignHistory history{.releases = {}, .order_source = kRevisionsLog};
  std::set<Version> good(ledger.activation_order().begin(),
                         ledger.activation_order().end());
  for (const auto& [version, tree] : facts.trees) {
    if (good.contains(version)) continue;
    const bool was_live = ledger.Find(version) != nullptr;
    history.releases.push_back(
        {version, was_live ? ReleaseState::kWithdrawn : ReleaseState::kFailed,
         was_live
             ? fmt::format("{} tells of a rollback to before it", kRevisionsLog)
             : fmt::format("{} does not know it: it was never live",
                           kRevisionsLog)});
  }
  for (const Version& version : ledger.activation_order()) {
    if (facts.trees.contains(version)) {
      history.releases.push_back(Good(version));
    }
  }
  return history;
}

bool AllNumbers(const ForeignFacts& facts) {
  return std::all_of(
      facts.trees.begin(), facts.trees.end(), [](const auto& tree) {
        const std::string& name = tree.first.name();
        return name.find_first_not_of("0123456789") == std::string::npos;
      });
}

// Compares names of any length as numbers, without their leading zeros: a
// longer one is greater, and equally long ones compare as text.
bool ByNumber(const Version& a, const Version& b) {
  const auto digits = [](const Version& version) {
    std::string_view name = version.name();
    name.remove_prefix(std::min(name.find_first_not_of('0'), name.size()));
    return std::pair(name.size(), name);
  };
  return digits(a) < digits(b);
}

std::vector<Version> NamesOf(const ForeignFacts& facts) {
  std::vector<Version> names;
  for (const auto& [version, tree] : facts.trees) names.push_back(version);
  return names;
}

Reason WhyNotGood(const ForeignTree& tree, bool after_live) {
  if (tree.marked_bad) return "Deployer marked it as bad";
  if (tree.unfinished) return "Deployer did not finish it";
  if (after_live) {
    return "it is newer than the live one: it failed, or somebody went back "
           "from it";
  }
  return std::nullopt;
}

// Judges each tree by its marks and by its place in `order`, which is oldest
// first and contains the live release. The live release is good whatever its
// marks are, since it serves.
ForeignHistory Judge(const ForeignFacts& facts,
                     const std::vector<Version>& order,
                     std::string order_source) {
  ForeignHistory history{.releases = {},
                         .order_source = std::move(order_source)};
  std::vector<ForeignRelease> good;
  std::set<Version> judged = {facts.live};
  bool after_live = false;
  for (const Version& version : order) {
    after_live = after_live || version == facts.live;
    const auto tree = facts.trees.find(version);
    if (tree == facts.trees.end() || !judged.insert(version).second) continue;
    const Reason reason = WhyNotGood(tree->second, after_live);
    if (!reason) {
      good.push_back(Good(version));
      continue;
    }
    history.releases.push_back({version,
                                tree->second.marked_bad
                                    ? ReleaseState::kWithdrawn
                                    : ReleaseState::kFailed,
                                *reason});
  }
  for (const auto& [version, tree] : facts.trees) {
    if (!judged.insert(version).second) continue;
    history.releases.push_back(
        {version, ReleaseState::kFailed,
         fmt::format("{} does not know it", history.order_source)});
  }
  good.push_back(Good(facts.live));
  history.releases.insert(history.releases.end(), good.begin(), good.end());
  return history;
}

}  // namespace

ForeignHistory ReadForeignHistory(const ForeignFacts& facts) {
  const std::vector<Change> changes = ParseRevisionsLog(facts.revisions_log);
  const auto of_live = [&](const Change& change) {
    return change.version == facts.live;
  };
  if (std::any_of(changes.begin(), changes.end(), of_live)) {
    return Replay(facts, changes);
  }
  const std::vector<Version> begun = ParseReleasesLog(facts.releases_log);
  if (std::find(begun.begin(), begun.end(), facts.live) != begun.end()) {
    return Judge(facts, begun, kReleasesLog);
  }
  std::vector<Version> names = NamesOf(facts);
  if (AllNumbers(facts)) {
    std::sort(names.begin(), names.end(), ByNumber);
    return Judge(facts, names, "their names");
  }
  std::stable_sort(
      names.begin(), names.end(), [&](const Version& a, const Version& b) {
        return facts.trees.at(a).modified < facts.trees.at(b).modified;
      });
  return Judge(facts, names, "their times of change");
}

}  // namespace release
