#include "support/power_cut.h"

#include <map>
#include <random>
#include <string>
#include <unordered_set>
#include <utility>

namespace release {
namespace {

// A set of pending changes whose fate is decided together, and the number of
// possible fates. Content of one file (ordered): option 2n keeps the first n
// changes, option 2n - 1 keeps the first n with the last one torn. A group of
// changes of names, modes or owners: option 0 loses all, option 1 keeps all.
struct Choice {
  bool ordered = false;
  std::vector<std::size_t> changes;

  std::size_t options() const { return ordered ? 2 * changes.size() + 1 : 2; }
};

using Options = std::vector<std::size_t>;  // the option of each choice

// Sorts the pending changes into choices: one per file for content, one per
// group for the rest.
std::vector<Choice> ChoicesOf(const std::vector<ChangePtr>& pending) {
  std::vector<Choice> choices;
  std::map<std::pair<bool, std::uint64_t>, std::size_t> known;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    const Change& change = *pending[i];
    const bool ordered = change.OfContent();
    const auto [at, added] =
        known.emplace(std::pair(ordered, ordered ? change.ino : change.group),
                      choices.size());
    if (added) choices.push_back({ordered, {}});
    choices[at->second].changes.push_back(i);
  }
  return choices;
}

enum class Fate : unsigned char { kLost, kTorn, kKept };

// Enumerates combinations of options, builds the image of each, and visits each
// distinct image once (see power_cut.h for which combinations are tried).
class Cut {
 public:
  Cut(const MemImage& durable, const std::vector<ChangePtr>& pending,
      const std::function<void(MemImage)>& visit)
      : durable_(durable),
        pending_(pending),
        visit_(visit),
        choices_(ChoicesOf(pending)) {}

  void Run() {
    if (Combinations() <= kAllCombinations) {
      TryAll();
    } else {
      TryNear(Options(choices_.size(), 0));
      TryNear(AllKept());
      TryRandom();
    }
  }

 private:
  std::size_t Combinations() const {
    std::size_t product = 1;
    for (const Choice& choice : choices_) {
      product *= choice.options();
      if (product > kAllCombinations) break;
    }
    return product;
  }

  Options AllKept() const {
    Options options;
    for (const Choice& choice : choices_) {
      options.push_back(choice.options() - 1);
    }
    return options;
  }

  // Counts through all combinations like an odometer, one digit per choice.
  void TryAll() {
    Options options(choices_.size(), 0);
    for (;;) {
      Try(options);
      std::size_t i = 0;
      while (i < options.size() && ++options[i] == choices_[i].options()) {
        options[i++] = 0;
      }
      if (i == options.size()) return;
    }
  }

  // Tries `base`, each single deviation from it, and, if there are at most
  // kPairs choices, each pair of deviations.
  void TryNear(const Options& base) {
    Try(base);
    for (std::size_t i = 0; i < base.size(); ++i) {
      Options options = base;
      for (options[i] = 0; options[i] < choices_[i].options(); ++options[i]) {
        Try(options);
        for (std::size_t j = 0; j < i && base.size() <= kPairs; ++j) {
          const std::size_t last = choices_[j].options() - 1;
          options[j] = base[j] == last ? 0 : last;
          Try(options);
          options[j] = base[j];
        }
      }
    }
  }

  void TryRandom() {
    // A fixed seed, so that a failure can be repeated.
    std::mt19937_64 random(1);
    Options options(choices_.size());
    for (std::size_t n = 0; n < kRandom; ++n) {
      for (std::size_t i = 0; i < options.size(); ++i) {
        options[i] = random() % choices_[i].options();
      }
      Try(options);
    }
  }

  std::vector<Fate> FatesOf(const Options& options) const {
    std::vector<Fate> fates(pending_.size(), Fate::kLost);
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      const Choice& choice = choices_[i];
      const std::size_t option = options[i];
      for (std::size_t n = 0; n < choice.changes.size(); ++n) {
        Fate& fate = fates[choice.changes[n]];
        if (!choice.ordered) {
          fate = option == 1 ? Fate::kKept : Fate::kLost;
        } else if (option >= 2 * (n + 1)) {
          fate = Fate::kKept;
        } else if (option + 1 == 2 * (n + 1)) {
          fate = Fate::kTorn;
        }
      }
    }
    return fates;
  }

  void Try(const Options& options) {
    const std::vector<Fate> fates = FatesOf(options);
    MemImage image = durable_;
    for (std::size_t i = 0; i < fates.size(); ++i) {
      const bool torn = fates[i] == Fate::kTorn;
      if (fates[i] == Fate::kLost) continue;
      // Only a write can be torn; a truncation happens or does not.
      if (torn && pending_[i]->kind != Change::Kind::kWrite) continue;
      image.Apply(*pending_[i], torn);
    }
    MemImageWriter writer;
    writer.Write(image, kRootIno);
    if (seen_.insert(writer.Digest()).second) visit_(std::move(image));
  }

  const MemImage& durable_;
  const std::vector<ChangePtr>& pending_;
  const std::function<void(MemImage)>& visit_;
  const std::vector<Choice> choices_;
  std::unordered_set<std::string> seen_;
};

}  // namespace

void ForEachPowerCutImage(const MemImage& durable,
                          const std::vector<ChangePtr>& pending,
                          const std::function<void(MemImage)>& visit) {
  Cut(durable, pending, visit).Run();
}

}  // namespace release
