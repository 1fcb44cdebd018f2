#include "support/world.h"

#include <stdexcept>

#include "store/layout.h"
#include "support/archive_bytes.h"
#include "support/tar_builder.h"

namespace release {

World::World() {
  Wire();
  InitializeLayout(&disk);
  Settle();
}

World::World(const World& before, MemFs left)
    : disk(std::move(left)),
      service(before.service),
      broken(before.broken),
      common(before.common) {
  Wire();
  config = before.config;
}

void World::Wire() {
  config.app = "shop";
  config.root = "/srv/shop";
  config.service.command = {"reload"};
  config.service.running_check = RunningCheck::kOff;
  config.health.command = {"probe"};
  config.health.deadline = std::chrono::seconds(2);
  config.health.min_healthy_time = std::chrono::seconds(0);
  context.fs = &disk;
  context.system = {.runner = &runner, .http = &http, .clock = &clock};
  context.config = &config;
  context.caller = {
      .user = "alice", .host = "web1", .pid = 7, .command = "test"};
  // The service loads the live release on reload; the probe then checks what
  // the service has loaded, not what `current` names.
  runner.On("reload", [this](const Command&) {
    service = disk.ReadLink(Fs::kRoot, kCurrent).value_or("");
    return Exited(0);
  });
  runner.On("probe", [this](const Command&) {
    const auto version = VersionOfTarget(service);
    const bool bad = !version || broken.contains(version->name());
    return Exited(bad ? 1 : 0);
  });
}

std::string World::ArchiveOf(const std::string& version,
                             const std::string& common) {
  TarBuilder tar;
  tar.Directory("bin").File("bin/app", "version " + version + "\n", 0755);
  if (!common.empty()) tar.File("bin/common", common);
  return tar.Symlink("run", "bin/app").Bytes();
}

ArchiveRequest World::RequestFor(const std::string& version) const {
  return RequestOfBytes(ArchiveOf(version, common), "shop-" + version + ".tar");
}

Outcome World::Deploy(const std::string& version) {
  return release::Deploy(&context, RequestFor(version));
}

Outcome World::Rollback() {
  return release::Rollback(&context, std::nullopt, "");
}

Outcome World::RecoverNow() {
  return release::RecoverNow(&context, WithService::kYes);
}

std::string World::Current() {
  return disk.ReadLink(Fs::kRoot, kCurrent).value_or("");
}

void DeployAll(World* world, std::initializer_list<const char*> versions) {
  for (const std::string version : versions) {
    if (world->Deploy(version).exit == Exit::kDone) continue;
    throw std::runtime_error("cannot deploy " + version);
  }
}

}  // namespace release
