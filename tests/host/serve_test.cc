// A restricted key over a real sshd: the allowed commands work, and nothing
// else does. Uses the samples of docs/security.md unchanged.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "host/container_suite.h"
#include "host/document_steps.h"
#include "host/live_shop.h"
#include "host/nearly_valid_lines.h"
#include "host/ssh_server.h"
#include "host/started.h"
#include "support/archives.h"
#include "support/statements.h"
#include "support/torture.h"

namespace release {
namespace {

using std::chrono::seconds;

constexpr char kDirectory[] = "/srv/serve";
constexpr char kVerify[] =
    "[verify]\nrequire = [\"signature\", \"tests\"]\n"
    "keys = \"/etc/release/shop.keys\"\nenvironment = \"production\"\n"
    "[hooks]\npreflight = [\"env\"]\n";

struct Answer {
  int status = 0;
  std::string output;
};

Answer RunIt(const std::vector<std::string>& argv,
             const std::string& input = "/dev/null") {
  const int file = open(input.c_str(), O_RDONLY | O_CLOEXEC);
  Started client(argv, file);
  close(file);
  return {client.Wait(), client.Output()};
}

// An app whose user `deploy` logs in with one restricted key.
class ServedShop : public LiveShop {
 public:
  ServedShop() : LiveShop(Config() + kVerify) {
    Prepare();
    REQUIRE(DeployVouched("1", 1).status == 0);
  }

  const SshServer& sshd() const { return sshd_; }

  // Returns the command line `ssh OPTIONS deploy@127.0.0.1 COMMAND...`.
  std::vector<std::string> Client(
      const std::vector<std::string>& options,
      const std::vector<std::string>& command) const {
    return sshd_.Client("deploy", options, command);
  }
  // Runs a command over ssh. All these commands share one connection.
  Answer Ssh(const std::string& command,
             const std::string& input = "/dev/null") {
    return RunIt(Client({"-T", "-oControlMaster=auto", "-oControlPersist=20",
                         fmt::format("-oControlPath={}/mux", kDirectory)},
                        {command}),
                 input);
  }

  // Signs a statement with the two commands of docs/security.md and deploys the
  // archive.
  Answer DeployVouched(const std::string& version, std::uint64_t serial) {
    const std::string archive = LiveShop::Archive(version);
    Spill(archive + ".intoto.json",
          StatementFor(Sha256Of(Slurp(archive)), serial).dump());
    REQUIRE(Shell(fmt::format("rm -f {0}.intoto.json.sig; ssh-keygen -q -Y "
                              "sign -f {1}/ci -n release {0}.intoto.json",
                              archive, kDirectory))
                .ok());
    const auto encoded = [&](const char* end) {
      std::string text = Shell("base64 -w0 < " + archive + end).output;
      return text;
    };
    return Ssh(fmt::format("deploy - --json --version {} --attestation {} "
                           "--signature {}",
                           version, encoded(".intoto.json"),
                           encoded(".intoto.json.sig")),
               archive);
  }

  std::size_t Transactions() {
    return Release({"history", "-n", "1000"}).json["transactions"].size();
  }

 private:
  void Prepare() {
    sshd_.MakeKey("ci");
    const CommandResult made = Shell(fmt::format(
        "set -e; exec 2>&1; mkdir -p -m 755 /etc/ssh/authorized_keys; cd {0};"
        "id deploy || useradd -m -s /bin/sh deploy;"
        "usermod -p '*' deploy;"
        "S={1}/docs/samples; K=$(cut -d' ' -f2 user.pub);"
        "sed \"s|KEY|$K|\" $S/authorized_keys >/etc/ssh/authorized_keys/deploy;"
        "install -m 440 $S/sudoers /etc/sudoers.d/release; visudo -cq;"
        "echo \"ci@example.org namespaces=\\\"release\\\" $(cat ci.pub)\" "
        ">/etc/release/shop.keys; chmod 644 /etc/release/shop.keys",
        kDirectory, RELEASE_SOURCE_DIR));
    CAPTURE(made.output);
    REQUIRE(made.ok());
    sshd_.Start("AcceptEnv *\nSubsystem sftp /usr/lib/openssh/sftp-server\n" +
                Slurp(RELEASE_SOURCE_DIR "/docs/samples/sshd_config"));
  }

  SshServer sshd_{kDirectory, 2223};
};

// Whether the attempt failed and left no trace of a command that ran or of a
// file that was read.
bool GotNothing(const Answer& answer) {
  return answer.status != 0 &&
         answer.output.find("uid=") == std::string::npos &&
         answer.output.find("root:x:") == std::string::npos &&
         !boost::filesystem::exists("/tmp/marker");
}

constexpr const char* kNotServed[] = {"id",
                                      "sh",
                                      "sh -c id",
                                      "activate 1",
                                      "init",
                                      "status; id",
                                      "status\nid",
                                      "status && id",
                                      "status $(id)",
                                      "status `id`",
                                      "status | id",
                                      "deploy /etc/passwd",
                                      "deploy ../../etc/passwd",
                                      "deploy - --root /",
                                      "deploy - --app other",
                                      "status --app other",
                                      "deploy - --attestation /etc/shadow",
                                      "serve --allow deploy",
                                      "release init",
                                      "/usr/lib/openssh/sftp-server",
                                      "scp -t /tmp",
                                      "rsync --server . /tmp",
                                      "touch /tmp/marker",
                                      "-a x",
                                      "--help"};

// Sends nearly valid commands from several clients at once, while strace
// records the programs that sshd starts.
class FuzzedCommands {
 public:
  explicit FuzzedCommands(ServedShop* shop) : shop_(shop) {
    // -z leaves out the attempts in other directories of PATH: strace splits
    // the line of an attempt if another process comes between.
    const std::string pid =
        shop->Shell("pgrep -fn '[s]shd: .*listener'").output;
    strace_.emplace(std::vector<std::string>{
        "strace", "-f", "-z", "-qq", "-s300", "-etrace=execve", "-esignal=none",
        std::string("-o") + kTrace, "-p" + pid.substr(0, pid.find('\n'))});
    REQUIRE(Within(seconds(60), [&] {
      return shop
          ->Shell("grep -q 'TracerPid:.*[1-9]' /proc/" +
                  pid.substr(0, pid.find('\n')) + "/status")
          .ok();
    }));
    // Programs on the host write to /root, which the container shows.
    REQUIRE(shop->Shell("mountpoint -q /root || "
                        "mount -t tmpfs -o mode=700 tmpfs /root")
                .ok());
    REQUIRE(shop->Shell("touch /srv/stamp; sleep 0.1").ok());
  }

  void SendAll() {
    std::vector<std::thread> clients;
    for (unsigned client = 0; client < kClients; ++client) {
      clients.emplace_back([this, client] { Send(client); });
    }
    for (std::thread& client : clients) client.join();
    std::string told;
    for (const auto& [status, count] : statuses_) {
      told += fmt::format(" {}: {}", status, count);
      CHECK((status >= 0 && status <= 8 && status != 4 && status != 5));
    }
    MESSAGE(told);
    CHECK(statuses_[2] > Count() / 2);
    CHECK(leaks_ == 0);
  }

  // Checks that only sshd, the one forced command, and the programs that it
  // starts have run.
  void CheckWhatRan() {
    strace_->Kill(SIGINT);
    strace_->Wait();
    const std::string serve = Slurp("/etc/ssh/authorized_keys/deploy");
    const std::size_t begin = serve.find("sudo");
    const std::string line =
        serve.substr(begin, serve.find('"', begin) - begin);
    std::map<std::string, unsigned> others;
    unsigned served = 0;
    std::ifstream trace(kTrace);
    for (std::string text; std::getline(trace, text);) {
      if (text.find("[\"sh\", \"-c\", \"" + line + "\"]") !=
          std::string::npos) {
        ++served;
        continue;
      }
      const std::size_t at = text.find("execve(\"");
      if (at == std::string::npos) continue;
      const std::size_t name = at + 8;
      ++others[text.substr(name, text.find('"', name) - name)];
    }
    CHECK(served == Count());
    const std::set<std::string> known = {"/usr/sbin/sshd", "/usr/bin/sudo",
                                         "/usr/bin/release",
                                         "/usr/bin/systemctl", "/usr/bin/curl"};
    for (const auto& entry : others) {
      CAPTURE(entry.first);
      CHECK(known.contains(entry.first));
    }
    CHECK(others["/usr/bin/sudo"] == Count());
    CHECK(others["/usr/bin/release"] == Count());
  }

  // Checks that no new file exists where this user, or root on its behalf,
  // could have written one, except for records of refusals and files of this
  // test.
  void CheckWhatWasMade() {
    const std::string made =
        shop_
            ->Shell(
                "find /home /root /srv /opt /usr/local /etc/release /etc/ssh "
                "/etc/sudoers.d /etc/systemd /etc/passwd /etc/shadow "
                "\\( -name .cache -o -path /srv/serve -o -path "
                "/srv/shop/.release -o -path "
                "/srv/trace \\) -prune -o -newer /srv/stamp ! -type d "
                "-print; find /tmp /var/tmp /dev/shm -user deploy")
            .output;
    CHECK(made == "");
  }

 private:
  static constexpr char kTrace[] = "/srv/trace";
  static constexpr unsigned kClients = 4;

  static unsigned Count() { return Torture() ? 10'000 : 100; }

  void Send(unsigned client) {
    NearlyValidLines lines(client);
    for (unsigned i = client; i < Count(); i += kClients) {
      const std::string line = lines.Next();
      const Answer answer = RunIt(shop_->Client(
          {"-T", "-oControlMaster=auto", "-oControlPersist=20",
           fmt::format("-oControlPath={}/mux{}", kDirectory, client)},
          {line}));
      const std::lock_guard lock(mutex_);
      ++statuses_[answer.status];
      leaks_ += answer.output.find("uid=") != std::string::npos ||
                answer.output.find("root:x:") != std::string::npos;
    }
  }

  ServedShop* shop_;
  std::optional<Started> strace_;
  std::mutex mutex_;
  std::map<int, unsigned> statuses_;
  unsigned leaks_ = 0;
};

}  // namespace

TEST_SUITE("inside a container: serve") {
  TEST_CASE("what the key may do works") {
    ServedShop shop;
    const Answer deployed = shop.DeployVouched("2", 2);
    CAPTURE(deployed.output);
    CHECK(deployed.status == 0);
    shop.CheckLive("2");
    const auto record =
        shop.Release({"history", "-n", "1"}).json["transactions"][0];
    CHECK(record["facts"]["signed_by"] == "ci@example.org");
    CHECK(record["by"] == "deploy (as root)@127.0.0.1");
    CHECK(shop.Ssh("status --json").output.find("\"live\":\"2\"") !=
          std::string::npos);
    // As it is typed on the host.
    CHECK(shop.Ssh("release --app shop --json status").status == 0);
    CHECK(shop.Ssh("release rollback -n --reason \"too slow\"")
              .output.find("Would do") != std::string::npos);
    CHECK(shop.Ssh("help").output.find("rollback [version]") !=
          std::string::npos);
    CHECK(shop.Ssh("rollback --reason slow").status == 0);
    shop.CheckLive("1");
    CHECK(shop.Ssh("history -v --count 2").output.find("reason       slow") !=
          std::string::npos);
    CHECK(shop.Ssh("rollback none").status == 7);
    // An archive without evidence, or with a serial that was used before, is
    // refused.
    const Answer bare =
        shop.Ssh("deploy - --version 3 --json", shop.LiveShop::Archive("3"));
    CHECK(bare.status == 3);
    CHECK(bare.output.find("evidence-missing") != std::string::npos);
    CHECK(shop.DeployVouched("3", 1).status == 3);
    shop.CheckLive("1");
  }

  TEST_CASE("nothing else gets anything") {
    ServedShop shop;
    const std::size_t before = shop.Transactions();
    for (const std::string command : kNotServed) {
      CAPTURE(command);
      const Answer answer = shop.Ssh(command);
      CAPTURE(answer.output);
      CHECK(GotNothing(answer));
      CHECK((answer.status == 2 || answer.status == 3));
    }
    CHECK(shop.Transactions() == before);
    shop.CheckLive("1");
    // Control: an unrestricted key gets what GotNothing looks for.
    REQUIRE(shop.Shell(fmt::format("cat {}/ci.pub "
                                   ">>/etc/ssh/authorized_keys/deploy",
                                   kDirectory))
                .ok());
    CHECK_FALSE(
        GotNothing(RunIt(shop.sshd().Client("deploy", {"-T"}, {"id"}, "ci"))));
  }

  TEST_CASE("logins, file transfers and forwardings are refused") {
    ServedShop shop;
    const std::size_t before = shop.Transactions();
    CHECK(GotNothing(RunIt(shop.Client({"-T"}, {}))));
    CHECK(GotNothing(RunIt(shop.Client({"-tt"}, {"id"}))));
    CHECK(GotNothing(RunIt(shop.Client({"-s"}, {"sftp"}))));
    CHECK(GotNothing(RunIt(shop.Client({"-W", "127.0.0.1:8081"}, {}))));
    CHECK(GotNothing(RunIt(shop.Client(
        {"-oExitOnForwardFailure=yes", "-R", "0:127.0.0.1:8081"}, {"id"}))));
    CHECK(GotNothing(RunIt(
        shop.Client({"-oExitOnForwardFailure=yes", "-w", "any"}, {"id"}))));
    for (const char* protocol : {"-s", "-O"}) {
      std::vector<std::string> scp = shop.sshd().Options();
      scp.insert(scp.begin(), {"scp", protocol});
      scp.insert(scp.end(), {"/etc/hostname", "deploy@127.0.0.1:/tmp/marker"});
      CHECK(GotNothing(RunIt(scp)));
    }
    CHECK(shop.Transactions() == before);
    shop.CheckLive("1");
  }

  TEST_CASE("sshd gives the key its command and nothing beside it") {
    ServedShop shop;
    const auto told = [&](const std::string& key) {
      return RunIt(shop.sshd().Client("deploy", {"-T", "-A", "-v"}, {"status"},
                                      key))
          .output;
    };
    const std::string restricted = told("user");
    CAPTURE(restricted);
    CHECK(restricted.find("key options: command") != std::string::npos);
    CHECK(restricted.find("-forwarding") == std::string::npos);
    // Control: sshd reports the permissions of an unrestricted key.
    REQUIRE(shop.Shell(fmt::format("cat {}/ci.pub "
                                   ">>/etc/ssh/authorized_keys/deploy",
                                   kDirectory))
                .ok());
    const std::string open_key = told("ci");
    CAPTURE(open_key);
    CHECK(open_key.find("agent-forwarding") != std::string::npos);
  }

  TEST_CASE("the caller's environment has no effect") {
    ServedShop shop;
    Spill("/tmp/evil.c",
          "#include <unistd.h>\n#include <fcntl.h>\n"
          "__attribute__((constructor)) void f(void) {\n"
          "  if (geteuid() == 0) open(\"/tmp/marker\", O_CREAT, 0600);\n}\n");
    REQUIRE(shop.Shell("cc -shared -fPIC -o /tmp/evil.so /tmp/evil.c").ok());
    // Control: the library makes the marker if root preloads it.
    CHECK(shop.Shell("LD_PRELOAD=/tmp/evil.so /bin/true; rm /tmp/marker").ok());
    const Answer answer = RunIt(
        shop.Client({"-T",
                     "-oSetEnv=LD_PRELOAD=/tmp/evil.so BASH_ENV=/tmp/evil.c "
                     "RELEASE_APP=other EVIL=1"},
                    {"status", "--json"}));
    CAPTURE(answer.output);
    CHECK(answer.status == 0);
    CHECK_FALSE(boost::filesystem::exists("/tmp/marker"));
    REQUIRE(shop.DeployVouched("2", 2).status == 0);
    // The preflight hook is `env`, so its output is its environment.
    const std::string notes = shop.Release({"history", "-n", "1"})
                                  .json["transactions"][0]["notes"]
                                  .dump();
    CHECK(notes.find("RELEASE_SIGNED_BY=ci@example.org") != std::string::npos);
    CHECK(notes.find("SSH_ORIGINAL_COMMAND") == std::string::npos);
    CHECK(notes.find("HOME=") == std::string::npos);
    CHECK(notes.find("SSH_AUTH_SOCK") == std::string::npos);
    CHECK(notes.find("EVIL") == std::string::npos);
  }

  TEST_CASE("a shell of the same user could do no more") {
    ServedShop shop;
    const auto as_deploy = [&](const std::string& line) {
      return shop.Shell(
          "setpriv --reuid deploy --regid deploy --clear-groups "
          "sh -c '" +
          line + "'");
    };
    CHECK(as_deploy("test $(id -u) -ne 0").ok());
    for (const char* line :
         {"sudo -n id", "sudo -n sh", "sudo -n /usr/bin/release status",
          "sudo -n /usr/bin/release serve --app shop --allow activate",
          "sudo -n /usr/bin/release serve --app other --allow deploy",
          "sudo -n -u deploy id", "sudo -n systemctl restart shop.service",
          "touch /srv/shop/x", "touch /srv/shop/releases/x",
          "cat /srv/shop/.release/lock", "echo x >>/etc/release/shop.keys",
          "echo x >>/etc/ssh/authorized_keys/deploy",
          "systemctl restart shop.service"}) {
      CAPTURE(line);
      CHECK_FALSE(as_deploy(line).ok());
    }
  }

  TEST_CASE("random commands over ssh change nothing") {
    ServedShop shop;
    FuzzedCommands fuzzed(&shop);
    fuzzed.SendAll();
    fuzzed.CheckWhatRan();
    fuzzed.CheckWhatWasMade();
    shop.CheckLive("1");
    CHECK(shop.Shell("test $(ls /srv/shop/releases | wc -l) = 1").ok());
  }

  TEST_CASE("the script of docs/callers.md deploys with the key") {
    ServedShop shop;
    shop.WriteConfig(LiveShop::Config());  // without evidence
    const auto files = FilesOf(Slurp(RELEASE_SOURCE_DIR "/docs/callers.md"));
    REQUIRE(files.front().first == "deploy.sh");
    Spill("/srv/deploy.sh", files.front().second);
    boost::filesystem::create_directories("/root/.ssh");
    Spill("/root/.ssh/config",
          "Host web1.example.org\nHostName 127.0.0.1\nPort 2223\n"
          "HostKeyAlias test-host\n");
    const auto deploy = [](const std::string& version,
                           const std::string& archive) {
      return RunIt({"env", fmt::format("DEPLOY_KEY={}/user", kDirectory),
                    fmt::format("HOST_KEYS={}/known", kDirectory), "sh",
                    "/srv/deploy.sh", "web1.example.org", version, archive});
    };
    const Answer good = deploy("2", shop.Archive("2"));
    CAPTURE(good.output);
    CHECK(good.status == 0);
    shop.CheckLive("2");
    CHECK(deploy("3", shop.Archive("3", "die")).status == 4);
    shop.CheckLive("2");
  }

  TEST_CASE("files in that user's home start nothing") {
    ServedShop shop;
    REQUIRE(shop.Shell("set -e; cd ~deploy; mkdir -p .ssh;"
                       "for f in .ssh/rc .bashrc .profile .shrc; do "
                       "echo 'touch /tmp/marker' > $f; chmod 755 $f; done;"
                       "echo LD_PRELOAD=/tmp/evil.so > .ssh/environment;"
                       "chown -R deploy: .ssh .bashrc .profile .shrc")
                .ok());
    CHECK(shop.Ssh("status").status == 0);
    CHECK_FALSE(boost::filesystem::exists("/tmp/marker"));
    // Control: a login shell of that user runs it.
    CHECK(shop.Shell("setpriv --reuid deploy --regid deploy --clear-groups "
                     "env HOME=/home/deploy sh -lc true;"
                     "test -e /tmp/marker && rm /tmp/marker")
              .ok());
  }
}

TEST_CASE("a restricted key can run its commands, and nothing else") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: serve", 9);
}

}  // namespace release
