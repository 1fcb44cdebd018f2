// Random interleavings of the watch with deploys, rollbacks, people, kills and
// boots.

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <utility>

#include "store/layout.h"
#include "support/torture.h"
#include "support/watch_world.h"
#include "watch/watch.h"

namespace release {
namespace {

using namespace std::chrono_literals;

// Faults of the watch, as the records show them afterwards.
struct Findings {
  int rollbacks = 0;    // by the watch
  int of_good = 0;      // of a release that was never bad
  int unwatched = 0;    // of one that did not go live by a deploy
  int again = 0;        // a second one for the same commit
  int after_hands = 0;  // of one that a person had taken in hand

  int Faults() const { return of_good + unwatched + again + after_hands; }
};

// A machine on which things happen at random times.
class Story : public WatchWorld {
 public:
  explicit Story(unsigned seed) : random_(seed) {
    config.watch.length = 3min;
    DeployAll(this, {"1"});
    next_ = 2;
  }

  // Runs the watch, started again whenever it is killed, while `events` things
  // happen around it.
  template <typename Watching>
  void Run(int events, const Watching& watching) {
    for (int i = 0; i < events; ++i) {
      const Nanoseconds when = clock.SinceBoot() + Between(1, 90) * 1s;
      clock.At(when, [this] { Happen(); });
      Survive([&] { watching(this); });
      // A watch that has ended lets the time pass.
      if (clock.SinceBoot() < when) {
        Survive([&] { clock.Advance(when - clock.SinceBoot()); });
      }
    }
  }

  Findings Judge() {
    Findings found;
    std::set<std::uint64_t> undone;  // commits that a watch has rolled back
    std::map<std::string, std::uint64_t> live_by;  // targets and commits
    for (const std::uint64_t number : ListRecords(&disk)) {
      const TransactionRecord record = ReadRecord(&disk, number);
      if (!record.begin || !record.end) continue;
      const BeginRecord& begin = *record.begin;
      const bool by_watch = begin.reason.starts_with("the watch");
      if (begin.command == CommandId::kDeploy && record.end->committed &&
          record.switching) {
        live_by[ReleasePath(*begin.to)] = number;
      }
      if (!by_watch || !record.switching) continue;
      ++found.rollbacks;
      const std::string from = begin.from_target.value_or("");
      const std::uint64_t commit = live_by[from];
      found.of_good += was_bad_.contains(from) ? 0 : 1;
      found.unwatched += commit == 0 ? 1 : 0;
      found.again += undone.insert(commit).second ? 0 : 1;
      const auto hands = in_hands_.find(from);
      found.after_hands +=
          hands != in_hands_.end() && hands->second == commit ? 1 : 0;
    }
    return found;
  }

 private:
  // A process that was killed leaves the disk as it is.
  template <typename Body>
  void Survive(const Body& body) {
    try {
      body();
    } catch (const CrashNow&) {
      disk.CrashAfter(1'000'000'000);
    } catch (const Error&) {
      // Busy, or in doubt: systemd starts the watch again.
    }
  }

  int Between(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random_);
  }

  void Happen() {
    const std::string live = Current();
    const auto version = VersionOfTarget(live);
    // Not as patient as the watch, which may hold the lock just now.
    const Nanoseconds patience = std::exchange(context.wait, 0s);
    try {
      switch (Between(0, 9)) {
        case 0:
        case 1:
        case 2:
          Deploy(std::to_string(next_++));
          break;
        case 3:
        case 4:
        case 5:
          if (!version) break;
          broken.insert(version->name());
          was_bad_.insert(live);
          break;
        case 6:
          Rollback();
          break;
        case 7:
          TakeInHand(live);
          break;
        case 8:
          Boot();
          break;
        default:
          disk.CrashAfter(static_cast<std::uint64_t>(Between(0, 60)));
      }
    } catch (const Error&) {
      // The watch holds the lock, or there is nothing to roll back to.
    }
    context.wait = patience;
  }

  // Only what the watch can see counts: the next look must come before another
  // transaction starts the service again.
  void TakeInHand(const std::string& live) {
    const auto note = Note();
    if (!note || note->state != WatchState::kWatching) return;
    WriteWatchStop(&disk, {.transaction = note->transaction, .by = "alice"});
    in_hands_[live] = note->transaction;
  }

  std::mt19937 random_;
  int next_ = 1;
  std::set<std::string> was_bad_;  // targets of `current`
  std::map<std::string, std::uint64_t> in_hands_;
};

void CarefulWatch(Story* story) { story->Watch(); }

// Decides by what it saw and then takes the lock, as a rollback typed by a
// person would.
void NaiveWatch(Story* story) {
  const auto note = ReadWatchNote(&story->disk);
  if (!note) return;
  unsigned bad = 0;
  for (int look = 0; look < 12; ++look) {
    const DeploymentState state = ReadDeploymentState(&story->disk);
    const bool is_bad =
        TakeLook(story->context, state, *note).value() == SignalValue::kBad;
    bad = is_bad ? bad + 1 : 0;
    story->clock.Advance(15s);
    if (bad < story->config.watch.bad) continue;
    Rollback(&story->context, std::nullopt, "the watch found it bad");
    return;
  }
}

}  // namespace

TEST_CASE("no order of events makes a watch roll back what it must not") {
  int rollbacks = 0;
  const unsigned stories = Torture() ? 2'000 : 80;
  for (unsigned seed = 1; seed <= stories; ++seed) {
    CAPTURE(seed);
    Story story(seed);
    story.Run(/*events=*/12, CarefulWatch);
    const Findings found = story.Judge();
    CHECK(found.of_good == 0);
    CHECK(found.unwatched == 0);
    CHECK(found.again == 0);
    CHECK(found.after_hands == 0);
    rollbacks += found.rollbacks;
  }
  CHECK(rollbacks > 15);
}

TEST_CASE("the naive watch, which decides without the lock, is caught") {
  int faults = 0;
  for (unsigned seed = 1; seed <= 80; ++seed) {
    Story story(seed);
    story.Run(/*events=*/12, NaiveWatch);
    faults += story.Judge().Faults();
  }
  CHECK(faults > 3);
}

}  // namespace release
