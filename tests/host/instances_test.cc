// Instance mode under load: what users see through each front while releases
// come and go, good ones and bad ones.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "host/container_suite.h"
#include "host/front.h"
#include "host/instance_shop.h"
#include "host/user_load.h"
#include "support/archives.h"
#include "support/torture.h"

namespace release {
namespace {

int Rounds() { return Torture() ? 20 : 2; }
// Each round waits for this many requests three times.
int RequestsInBetween() { return Torture() ? 700 : 100; }

// Users in front of an instance shop, who know what may answer them.
class UsedShop {
 public:
  UsedShop(const FrontKind& kind, const std::string& behaviour)
      : front_(kind), behaviour_(behaviour) {
    Succeeds({"deploy", shop_.Archive("1", behaviour)});
    load_.emplace(std::set<std::string>{"1"});
    REQUIRE(load_->Await(RequestsInBetween()));
  }

  // Deploys `to` while users are served by `from`, and rolls back. A bad
  // release is deployed in between.
  void GoThereAndBack(const std::string& from, const std::string& to) {
    Change({"deploy", shop_.Archive(to, behaviour_)}, from, to);
    const std::string bad = to + "-bad";
    // What is bad is not waited for as long as what is slow.
    shop_.WriteConfig(InstanceShop::Config("", "100ms", "300ms"));
    const Said said = shop_.Release({"deploy", shop_.Archive(bad, "error")});
    CHECK(said.status == 1);
    shop_.WriteConfig(InstanceShop::Config());
    CHECK(shop_.UserRequests(bad) == std::vector<std::string>{});
    Change({"rollback"}, to, from);
  }

  UserLoad::Counts End() {
    const UserLoad::Counts counts = load_->End();
    shop_.CheckOnly("1");
    MESSAGE(front_.kind().name << ", " << behaviour_ << ": " << counts.good
                               << " good, " << counts.errors << " errors, "
                               << counts.unexpected << " unexpected");
    return counts;
  }

 private:
  void Succeeds(const std::vector<std::string>& words) {
    const Said said = shop_.Release(words);
    INFO(said.err);
    REQUIRE(said.status == 0);
  }

  void Change(const std::vector<std::string>& words, const std::string& from,
              const std::string& to) {
    load_->Expect({from, to});
    Succeeds(words);
    // A front may have connected before the switch, and a busy machine lets the
    // instance accept that connection only now.
    const std::int64_t returned = shop_.AfterQueue(from);
    // A kept connection leads to the instance before until that stops.
    if (!front_.kind().keeps_connections) load_->Expect({to});
    CHECK(load_->Await(RequestsInBetween()));
    CHECK(shop_.AcceptedSince(from, returned) == 0);
    // Control: the log has what users asked.
    if (!front_.kind().keeps_connections) {
      CHECK(shop_.AcceptedSince(to, returned) > 0);
    }
    CHECK(shop_.AwaitOnly(to));
    load_->Expect({to});
    CHECK(load_->Await(RequestsInBetween()));
  }

  InstanceShop shop_;
  Front front_;
  std::string behaviour_;
  std::optional<UserLoad> load_;
};

UserLoad::Counts Use(const FrontKind& kind, const std::string& behaviour) {
  UsedShop shop(kind, behaviour);
  for (int i = 0; i < Rounds(); ++i) {
    shop.GoThereAndBack("1", std::to_string(i + 2));
  }
  return shop.End();
}

}  // namespace

TEST_SUITE("inside a container: users of instances") {
  TEST_CASE("no request fails, and each one is answered by a proved release") {
    for (const FrontKind& kind : FrontKinds()) {
      CAPTURE(kind.name);
      const UserLoad::Counts counts = Use(kind, "ok");
      CAPTURE(counts.first_problem);
      CHECK(counts.errors == 0);
      CHECK(counts.unexpected == 0);
      CHECK(counts.good > Rounds() * 4 * RequestsInBetween());
    }
  }

  TEST_CASE("an app that exits at once fails no request on a new connection") {
    for (const FrontKind& kind : FrontKinds()) {
      if (kind.keeps_connections) continue;
      if (!Torture() && kind.name != "nginx") continue;
      CAPTURE(kind.name);
      const UserLoad::Counts counts = Use(kind, "abrupt");
      CAPTURE(counts.first_problem);
      CHECK(counts.errors == 0);
      CHECK(counts.unexpected == 0);
    }
  }
}

TEST_CASE("users see no deploy and no rollback of instances") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: users of instances", 2);
}

}  // namespace release
