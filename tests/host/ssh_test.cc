// The command is run over ssh by clients that may disappear.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/filesystem.hpp>

#include "host/container_suite.h"
#include "host/live_shop.h"
#include "host/ssh_server.h"
#include "host/started.h"
#include "support/archives.h"

namespace release {
namespace {

using std::chrono::seconds;

constexpr char kCommand[] = "/usr/bin/release --app shop --json ";

// An app, and an sshd that admits root.
class ShopOverSsh : public LiveShop {
 public:
  ShopOverSsh() : LiveShop(Config("3s")) {
    REQUIRE(Shell("usermod -p '*' root").ok());
    sshd_.Start(sshd_.LetsUserIn() + "PermitRootLogin yes\n");
    Deploy("1");
  }

  std::vector<std::string> Client(const std::string& command,
                                  bool terminal = false) const {
    return sshd_.Client("root", {terminal ? "-tt" : "-T"}, {command});
  }

  // Returns the status, read over a new connection.
  nlohmann::json StatusOverSsh() {
    Started client(Client(std::string(kCommand) + "status"));
    CHECK(client.Wait() == 0);
    return nlohmann::json::parse(client.Output(), nullptr, false);
  }

 private:
  SshServer sshd_{"/srv/ssh", 2222};
};

// A pipe for the stdin of a client. The client sees no end of file until the
// test closes the write end.
struct Pipe {
  Pipe() { REQUIRE(pipe2(ends, O_CLOEXEC) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  void Write(const std::string& bytes) {
    REQUIRE(write(ends[1], bytes.data(), bytes.size()) ==
            static_cast<ssize_t>(bytes.size()));
  }
  int ends[2];
};

}  // namespace

TEST_SUITE("inside a container: ssh") {
  TEST_CASE("a deploy from stdin and the exit statuses pass through") {
    ShopOverSsh shop;
    const auto run = [&](const std::string& words, const std::string& input) {
      const int file = open(input.c_str(), O_RDONLY | O_CLOEXEC);
      Started client(shop.Client(kCommand + words), file);
      close(file);
      const int status = client.Wait();
      CAPTURE(client.Output());
      return status;
    };
    CHECK(run("deploy - --version 2", shop.Archive("2")) == 0);
    shop.CheckLive("2");
    CHECK(run("no-such-command", "/dev/null") == 2);
    CHECK(run("deploy - --version 3 --sha256 " + std::string(64, '0'),
              shop.Archive("3")) == 3);
    CHECK(run("deploy - --version 4", shop.Archive("4", "die")) == 4);
    CHECK(run("activate none", "/dev/null") == 7);
    shop.CheckLive("2");
  }

  TEST_CASE("an upload that is cut is refused, and nothing has changed") {
    ShopOverSsh shop;
    const auto before = shop.TakeUps();
    const std::string archive = Slurp(shop.Archive("2"));
    Pipe pipe;
    Started client(shop.Client(std::string(kCommand) + "deploy - --version 2"),
                   pipe.ends[0]);
    // All but the two zero blocks at the end of the archive.
    pipe.Write(archive.substr(0, archive.size() - 1024));
    REQUIRE(Within(seconds(60), [&] { return !shop.Step().empty(); }));
    client.Kill(SIGKILL);
    client.Wait();
    REQUIRE(Within(seconds(60), [&] { return shop.Step().empty(); }));
    const nlohmann::json last = shop.StatusOverSsh()["last"];
    CAPTURE(last.dump());
    CHECK(last["code"] == "archive-truncated");
    CHECK(last["exit"] == 3);
    CHECK(shop.TakeUps() == before);
    CHECK_FALSE(shop.Shell("test -e /srv/shop/releases/2").ok());
    shop.CheckLive("1");
  }

  TEST_CASE("a client killed after the upload does not stop the deploy") {
    ShopOverSsh shop;
    Pipe pipe;
    Started client(shop.Client(std::string(kCommand) + "deploy - --version 2"),
                   pipe.ends[0]);
    pipe.Write(Slurp(shop.Archive("2")));
    close(pipe.ends[1]);
    pipe.ends[1] = -1;
    REQUIRE(shop.AwaitStep("health"));
    client.Kill(SIGKILL);
    client.Wait();
    REQUIRE(Within(seconds(60), [&] { return shop.Step().empty(); }));
    CHECK(shop.StatusOverSsh()["last"]["result"] == "committed");
    shop.CheckLive("2");
  }

  TEST_CASE("a killed client with a terminal does not stop the deploy") {
    ShopOverSsh shop;
    for (const bool good : {true, false}) {
      CAPTURE(good);
      const std::string archive =
          good ? shop.Archive("2") : shop.Archive("3", "error");
      Started client(shop.Client(kCommand + ("deploy " + archive), true));
      REQUIRE(shop.AwaitStep("health"));
      client.Kill(SIGKILL);
      client.Wait();
      // The bad release must not fail before the client is gone.
      if (!good) shop.Shell("systemctl kill -s KILL shop.service");
      REQUIRE(Within(seconds(60), [&] { return shop.Step().empty(); }));
      const nlohmann::json last = shop.StatusOverSsh()["last"];
      CAPTURE(last.dump());
      CHECK(last["to"] == (good ? "2" : "3"));
      CHECK(last["result"] == (good ? "committed" : "undone"));
      shop.CheckLive("2");
    }
  }
}

TEST_CASE("a client over ssh may disappear") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: ssh", 4);
}

}  // namespace release
