#include "cli/metrics.h"

#include <doctest/doctest.h>

#include "store/outbox.h"
#include "support/command_run.h"
#include "support/instance_world.h"
#include "support/metrics_format.h"
#include "support/world.h"

namespace release {
namespace {

std::string MetricsOf(World* world) {
  return MetricsText("shop", ReadStatus(&world->context, TreeCheck::kShape));
}

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics tell what is live, how the last ended, and what is wrong") {
  World world;
  world.Deploy("1.0");
  world.broken.insert("2.0");
  world.Deploy("2.0");
  PutNotice(&world.disk, 2, {"webhook"}, "{}");
  const std::string text = MetricsOf(&world);
  CHECK(MetricsViolation(text) == "");
  for (const char* line : {
           "release_live_info{app=\"shop\",version=\"1.0\",state=\"good\"} 1",
           "release_live_since_timestamp_seconds{app=\"shop\"} 1795000000",
           "release_releases{app=\"shop\",state=\"good\"} 1",
           "release_releases{app=\"shop\",state=\"failed\"} 1",
           "release_releases{app=\"shop\",state=\"staged\"} 0",
           "release_last_transaction_info{app=\"shop\",command=\"deploy\","
           "result=\"undone\",code=\"health-deadline\"} 1",
           "release_last_transaction_number{app=\"shop\"} 2",
           "release_last_transaction_exit_status{app=\"shop\"} 4",
           "release_last_transaction_end_timestamp_seconds{app=\"shop\"} "
           "1795000000",
           "release_last_transaction_duration_seconds{app=\"shop\"} 2",
           "release_well{app=\"shop\"} 1",
           "release_healthy{app=\"shop\"} 1",
           "release_in_doubt{app=\"shop\"} 0",
           "release_transaction_running{app=\"shop\"} 0",
           "release_transaction_interrupted{app=\"shop\"} 0",
           "release_undelivered_notices{app=\"shop\"} 1",
       }) {
    CHECK_MESSAGE(Has(text, line), line << "\n" << text);
  }
}

TEST_CASE("the duration of a transaction counts its undo") {
  World world;
  world.Deploy("1");
  StatusReport report = ReadStatus(&world.context, TreeCheck::kShape);
  report.state.last->steps = {{.name = "health", .seconds = 1.5}};
  report.state.last->undo_steps = {{.name = "health", .seconds = 0.25}};
  CHECK(Has(MetricsText("shop", report),
            "release_last_transaction_duration_seconds{app=\"shop\"} 1.75"));
}

TEST_CASE("metrics of an empty root have no live release and no last") {
  World world;
  const std::string text = MetricsOf(&world);
  CHECK(MetricsViolation(text) == "");
  CHECK(text.find("live_info") == std::string::npos);
  CHECK(text.find("last_transaction") == std::string::npos);
  CHECK(Has(text, "release_well{app=\"shop\"} 0"));
}

TEST_CASE("a link to a strange place is a doubt, and any name is escaped") {
  World world;
  world.Deploy("1");
  world.disk.RemoveFile(Fs::kRoot, "current");
  world.disk.MakeSymlink("elsewhere", Fs::kRoot, "current");
  const StatusReport report = ReadStatus(&world.context, TreeCheck::kShape);
  const std::string text = MetricsText("a\"b\\c\nd", report);
  CHECK(MetricsViolation(text) == "");
  CHECK(Has(text, "release_well{app=\"a\\\"b\\\\c\\nd\"} 0"));
  CHECK(!Has(text, "release_in_doubt{app=\"a\\\"b\\\\c\\nd\"} 0"));
}

TEST_CASE("metrics have a sample of each instance") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  world.instances.connections["1"] = 4;
  const std::string text = MetricsOf(&world);
  CHECK(MetricsViolation(text) == "");
  CHECK(
      Has(text,
          "release_instance_running{app=\"shop\",version=\"2\",role=\"live\"} "
          "1"));
  CHECK(
      Has(text, "release_instance_connections{app=\"shop\",version=\"1\"} 4"));
}

TEST_CASE("status --metrics prints them, quiet or not") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed run = rig.Run({"-q", "status", "--metrics"});
  CHECK(run.exit == 0);
  CHECK(run.out.find("version=\"1\"") != std::string::npos);
  CHECK(rig.Run({"--json", "status", "--metrics"}).exit == 2);
}

}  // namespace release
