// A World whose service is a systemd unit and whose releases are watched.
#ifndef RELEASE_TESTS_SUPPORT_WATCH_WORLD_H_
#define RELEASE_TESTS_SUPPORT_WATCH_WORLD_H_

#include <string>
#include <vector>

#include "deploy/watched_release.h"
#include "support/fake_unit.h"
#include "support/world.h"
#include "watch/watch.h"

namespace release {

struct WatchWorld : World {
  WatchWorld() {
    using namespace std::chrono_literals;
    config.service = {};
    config.service.unit = "shop.service";
    config.service.running_check = RunningCheck::kOff;
    config.watch.configured = true;
    config.watch.length = 10min;
    config.watch.every = 15s;
    config.watch.act = WatchAct::kRollBack;
    context.units_know_app = true;
    unit.on_job = [this](const std::string& verb) {
      if (verb == "stop") unit.Stop();
      if (verb != "reload" && verb != "stop") StartByHand();
      service = Current();
      return Exited(0);
    };
    runner.On("journalctl", Exited(0, ""));
  }

  // As `systemctl restart` does.
  void StartByHand() {
    unit.StartAgain();
    unit.state.restarts = 0;
  }
  // Ends this boot and begins another one, in which the service has started.
  void Boot() {
    clock.boot_id += "x";
    StartByHand();
    service = Current();
  }

  WatchEnd Watch() {
    return RunWatch(&context, [this](const WatchNote& note, const Look& look) {
      looks.push_back(look.value());
      texts.push_back(note.text);
    });
  }
  std::optional<WatchNote> Note() {
    return FindWatch(&disk, ReadDeploymentState(&disk));
  }
  TransactionRecord Last() {
    return ReadRecord(&disk, ListRecords(&disk).back());
  }

  FakeUnit unit{&runner};
  std::vector<SignalValue> looks;  // of all runs of the watch
  std::vector<std::string> texts;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_WATCH_WORLD_H_
