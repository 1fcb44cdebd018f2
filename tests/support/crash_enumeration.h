// Enumerates the crashes of a run on a simulated machine: at whatever instant
// the process dies or the power fails, the promises of a scenario must hold,
// before recovery and after it.
//
// Every mutating and syncing call of the run is a crash point. At each one, the
// process is killed (nothing is lost, nothing more becomes durable, the service
// keeps running), and the power is cut (any subset of the changes that are not
// durable is lost). Recovery runs from every state that this leaves. It is also
// stopped at each of its own calls in both ways, and runs again. The same
// enumeration with one sync left out must find a broken state; otherwise it
// would prove nothing.
#ifndef RELEASE_TESTS_SUPPORT_CRASH_ENUMERATION_H_
#define RELEASE_TESTS_SUPPORT_CRASH_ENUMERATION_H_

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "support/mem_fs.h"
#include "support/world.h"

namespace release {

// Thrown when a promise does not hold.
struct Broken {
  std::string what;
};

inline void Require(bool holds, const std::string& what) {
  if (!holds) throw Broken{what};
}

// A run and its promises. `Machine` is World, or derives from it and has a
// constructor (const Machine& before, MemFs disk), as World does. Each check
// throws Broken if a promise does not hold; `where` says at which crash.
template <typename Machine>
class CrashScenario {
 public:
  virtual ~CrashScenario() = default;

  // Returns the machine before the run, with everything durable.
  virtual std::unique_ptr<Machine> Start() const = 0;
  virtual Outcome Run(Machine* machine) const = 0;
  // Called after a power cut, when the machine starts again.
  virtual void Boot(Machine*) const {}

  // Checks a state that a crash after the end of the run leaves: what the run
  // reported must still be true.
  virtual void CheckReported(Machine* state, const Outcome& reported) const = 0;
  // Checks a state that any crash leaves, before recovery.
  virtual void CheckCrashed(Machine* state, const std::string& where) const = 0;
  // Returns false if nothing exists in that state that recovery could read.
  virtual bool CanRecover(Machine*) const { return true; }
  // Returns what recovery must reach from the state `crashed`, as
  // CheckRecovered understands it.
  virtual std::string Expected(Machine*) const { return ""; }
  // Checks the state after a recovery that had to reach `expected`.
  virtual void CheckRecovered(Machine* recovered, const std::string& expected,
                              const std::string& where) const = 0;
};

template <typename Machine>
class CrashEnumeration {
 public:
  // Borrows the scenario.
  explicit CrashEnumeration(const CrashScenario<Machine>* scenario)
      : scenario_(*scenario) {}

  // Makes the disk ignore a sync; see MemFs::IgnoreSync.
  void LeaveOut(std::string name, unsigned occurrence) {
    left_out_ = {std::move(name), occurrence};
  }

  // Runs the enumeration up to the first state in which a promise does not
  // hold. Returns that promise, or "" if all hold in every state.
  std::string FirstBreak() {
    try {
      Run();
    } catch (const Broken& broken) {
      return broken.what;
    }
    return "";
  }

  std::uint64_t points() const { return points_; }
  std::uint64_t states() const { return states_; }

 private:
  void Run() {
    auto whole = Start();
    const std::uint64_t before = whole->disk.operations();
    const Outcome outcome = scenario_.Run(whole.get());
    const std::uint64_t calls = whole->disk.operations() - before;
    ForEachState(*whole, [&](Machine* state) {
      scenario_.CheckReported(state, outcome);
    });
    for (std::uint64_t k = 0; k <= calls; ++k) {
      ++points_;
      auto machine = Start();
      machine->disk.CrashAfter(k);
      RunToCrash([&] { scenario_.Run(machine.get()); });
      CheckStates(*machine, fmt::format("crash at call {}", k), 2);
    }
  }

  std::unique_ptr<Machine> Start() const {
    auto machine = scenario_.Start();
    if (left_out_) {
      machine->disk.IgnoreSync(left_out_->first, left_out_->second);
    }
    return machine;
  }

  static void RunToCrash(const std::function<void()>& body) {
    try {
      body();
    } catch (const CrashNow&) {
    }
  }

  // Visits every state that the machine may be in after it stopped: one after a
  // kill, and one for each possible power cut.
  void ForEachState(const Machine& stopped,
                    const std::function<void(Machine*)>& visit) const {
    Machine killed(stopped, stopped.disk.Killed());
    visit(&killed);
    stopped.disk.ForEachPowerCut([&](MemFs disk) {
      Machine cut(stopped, std::move(disk));
      scenario_.Boot(&cut);
      visit(&cut);
    });
  }

  // The image covers both the content and what a power cut can still lose.
  static std::string ImageOf(const Machine& state) {
    return fmt::format("{} {}", state.service, state.disk.Image());
  }

  void CheckStates(const Machine& stopped, const std::string& where,
                   int depth) {
    if (!stopped_[depth].insert(ImageOf(stopped)).second) return;
    ForEachState(stopped, [&](Machine* state) {
      int& depths = seen_[ImageOf(*state)];
      if ((depths & (1 << depth)) != 0) return;
      const bool checked_deeper = depths >> depth != 0;
      depths |= 1 << depth;
      ++states_;
      if (checked_deeper) return;
      scenario_.CheckCrashed(state, where);
      if (scenario_.CanRecover(state)) CheckRecovery(state, where, depth);
    });
  }

  void CheckRecovery(Machine* state, const std::string& where, int depth) {
    const std::string expected = scenario_.Expected(state);
    Machine recovered(*state, state->disk);
    // A recovery that is stopped before one of its calls leaves what the whole
    // recovery has made by then, so it runs only once.
    std::vector<std::unique_ptr<Machine>> stops;
    const auto stop = [&](MemFs disk) {
      stops.push_back(std::make_unique<Machine>(recovered, std::move(disk)));
    };
    if (depth > 1) recovered.disk.BeforeEachOperation(stop);
    recovered.RecoverNow();
    recovered.disk.BeforeEachOperation(nullptr);
    if (depth > 1) stop(recovered.disk.Killed());
    if (recovered_.insert(expected + " " + ImageOf(recovered)).second) {
      scenario_.CheckRecovered(&recovered, expected, where);
      const std::string tree = recovered.disk.Tree();
      recovered.RecoverNow();
      Require(recovered.disk.Tree() == tree,
              where + ": recovery twice differs");
    }
    for (std::size_t k = 0; k < stops.size(); ++k) {
      CheckStates(*stops[k], fmt::format("{}, recovery at call {}", where, k),
                  depth - 1);
    }
  }

  const CrashScenario<Machine>& scenario_;
  std::optional<std::pair<std::string, unsigned>> left_out_;
  // The images of all states so far, each with a bit for each depth at which it
  // came; of the machines that stopped, by depth; and of the recovered ones,
  // each after what was expected of it.
  std::unordered_map<std::string, int> seen_;
  std::map<int, std::unordered_set<std::string>> stopped_;
  std::unordered_set<std::string> recovered_;
  std::uint64_t points_ = 0;
  std::uint64_t states_ = 0;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_CRASH_ENUMERATION_H_
