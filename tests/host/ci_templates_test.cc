// scripts/ci-templates: the commands of the action and of the GitLab job, over
// a real sshd, with the restricted key of docs/security.md.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <boost/filesystem.hpp>
#include <map>
#include <sstream>

#include "host/command.h"
#include "host/container_suite.h"
#include "host/live_shop.h"
#include "host/ssh_server.h"
#include "host/started.h"
#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

constexpr char kTemplates[] = RELEASE_SOURCE_DIR "/scripts/ci-templates";
constexpr char kDirectory[] = "/srv/ci";
constexpr char kCheckout[] = "/srv/checkout";
constexpr char kTemporary[] = "/srv/tmp";
constexpr char kHost[] = "ssh://deploy@127.0.0.1:2225";
constexpr char kNobody[] = "ssh://deploy@127.0.0.1:1";

// Patient, since nothing here is about time.
constexpr char kConfig[] =
    "[service]\nunit = \"shop.service\"\ntimeout = \"60s\"\n"
    "[healthcheck]\nurl = \"http://127.0.0.1:8081/\"\n"
    "expect_body = \"release {version} serves\"\n"
    "interval = \"100ms\"\ntimeout = \"10s\"\ndeadline = \"10s\"\n"
    "min_healthy_time = \"100ms\"\n";
constexpr char kVerify[] =
    "[verify]\nrequire = [\"signature\", \"tests\"]\n"
    "keys = \"/etc/release/shop.keys\"\nenvironment = \"production\"\n";

using Variables = std::map<std::string, std::string>;

Finished CheckTemplates(const std::string& directory,
                        const std::string& document = RELEASE_SOURCE_DIR
                        "/docs/callers.md") {
  return Run({"python3", RELEASE_SOURCE_DIR "/tests/host/rig/ci_templates.py",
              directory, document});
}

// The two commands of the templates.
struct Commands {
  std::string action;
  std::string gitlab;
};

Commands CommandsOfTemplates() {
  const Finished checked = CheckTemplates(kTemplates);
  REQUIRE_MESSAGE(checked.exit == 0, checked.Describe());
  std::istringstream lines(checked.out);
  Commands commands;
  std::getline(lines, commands.action);
  std::getline(lines, commands.gitlab);
  return commands;
}

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

// An app, and the checkout of a CI job whose key may run the commands of the
// sample `authorized_keys`.
class CiShop : public LiveShop {
 public:
  explicit CiShop(const std::string& config = kConfig) : LiveShop(config) {
    for (const char* path : {kCheckout, kTemporary, "/srv/bin"}) {
      bfs::remove_all(path);
      bfs::create_directories(path);
    }
    bfs::create_directories("/srv/checkout/build");
    Prepare();
    // Both forms: the scripts beside each other in the app's repository, and
    // in this project.
    bfs::create_directories("/srv/checkout/ci/release");
    for (const char* script :
         {"scripts/ci-templates/deploy", "docs/samples/push"}) {
      const bfs::path path = bfs::path(RELEASE_SOURCE_DIR) / script;
      Spill(bfs::path(kCheckout) / "ci/release" / path.filename(), Slurp(path));
    }
    variables_ = {
        {"GITHUB_ACTION_PATH", kTemplates},
        {"RELEASE_TEMPLATES", "ci/release"},
        {"RELEASE_HOSTS", kHost},
        {"RELEASE_APP", "shop"},
        {"RELEASE_DIRECTORY", "build"},
        {"RELEASE_SSH_KEY", Slurp(std::string(kDirectory) + "/user")},
        {"RELEASE_KNOWN_HOSTS",
         "[127.0.0.1]:2225 " + Slurp(std::string(kDirectory) + "/host.pub")},
        {"RELEASE_SERIAL", "7"},
        {"RELEASE_ENVIRONMENT", "production"},
        {"RELEASE_WAIT", "1m"},
    };
  }

  // Variables of all later jobs.
  void Set(const Variables& variables) {
    for (const auto& [name, value] : variables) variables_[name] = value;
  }
  // Programs of this name in a job are this script.
  void Replace(const std::string& program, const std::string& script) {
    const std::string path = "/srv/bin/" + program;
    Spill(path, "#!/bin/sh\n" + script);
    bfs::permissions(path, bfs::perms(0755));
  }

  // Makes the build of that version, and returns the words that run the job.
  std::vector<std::string> Job(const std::string& command,
                               const std::string& version,
                               const std::string& behaviour = "ok") {
    Spill("/srv/checkout/build/version", version + "\n");
    Spill("/srv/checkout/build/behaviour", behaviour + "\n");
    std::vector<std::string> words = {"env",
                                      "-i",
                                      "PATH=/srv/bin:/usr/bin:/bin",
                                      "HOME=/srv/nobody",
                                      fmt::format("TMPDIR={}", kTemporary),
                                      "RELEASE_VERSION=v" + version};
    for (const auto& [name, value] : variables_) {
      words.push_back(name + "=" + value);
    }
    words.insert(words.end(), {"sh", "-c",
                               fmt::format("exec 2>/srv/job.err; cd {}; {}",
                                           kCheckout, command)});
    return words;
  }
  Outcome RunJob(const std::string& version,
                 const std::string& behaviour = "ok") {
    return Finish(Job(commands_.action, version, behaviour));
  }
  Outcome RunGitlabJob(const std::string& version) {
    return Finish(Job(commands_.gitlab, version));
  }
  // Runs a job that must succeed.
  void RunWell(const std::string& version) {
    const Outcome outcome = RunJob(version);
    CAPTURE(outcome.out);
    CAPTURE(outcome.err);
    REQUIRE(outcome.status == 0);
    CheckLive(version);
  }

  // The transactions, newest first.
  nlohmann::json Transactions() {
    return Release({"history"}).json["transactions"];
  }

 private:
  void Prepare() {
    sshd_.MakeKey("ci");
    sshd_.MakeKey("other");
    const CommandResult made = Shell(fmt::format(
        "set -e; exec 2>&1; mkdir -p -m 755 /etc/ssh/authorized_keys; cd {0};"
        "id deploy || useradd -m -s /bin/sh deploy; usermod -p '*' deploy;"
        "S={1}/docs/samples; K=$(cut -d' ' -f2 user.pub);"
        "sed \"s|KEY|$K|\" $S/authorized_keys >/etc/ssh/authorized_keys/deploy;"
        "install -m 440 $S/sudoers /etc/sudoers.d/release; visudo -cq;"
        "echo \"ci@example.org namespaces=\\\"release\\\" $(cat ci.pub)\" "
        ">/etc/release/shop.keys; chmod 644 /etc/release/shop.keys;"
        "cd {2}; git init -q; git -c user.name=x -c user.email=x@example.org "
        "commit -q --allow-empty --date=@1700000000 -m x",
        kDirectory, RELEASE_SOURCE_DIR, kCheckout));
    CAPTURE(made.output);
    REQUIRE(made.ok());
    sshd_.Start(Slurp(RELEASE_SOURCE_DIR "/docs/samples/sshd_config"));
  }

  Outcome Finish(const std::vector<std::string>& words) {
    Started job(words);  // a Runner would stop it after a minute
    const int status = job.Wait();
    CHECK(bfs::is_empty(kTemporary));
    return {status, job.Output(), Slurp("/srv/job.err")};
  }

  SshServer sshd_{kDirectory, 2225};
  Commands commands_ = CommandsOfTemplates();
  Variables variables_;
};

bool Says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

nlohmann::json Parsed(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, false);
}

// A job that runs on this machine and reaches no host.
class LocalJob {
 public:
  LocalJob() {
    Shell("cd " + dir_.path() +
          "; mkdir bin build tmp; echo 1 >build/file; "
          "ssh-keygen -q -t ed25519 -N '' -f key; "
          "ssh-keygen -q -t ed25519 -N secret -f locked; "
          "ln -s " RELEASE_BINARY " bin/release");
  }

  std::string Path(const std::string& name) const {
    return dir_.path() + "/" + name;
  }
  void ReplaceSsh(const std::string& script) const {
    Spill(Path("bin/ssh"), "#!/bin/sh\n" + script);
    bfs::permissions(Path("bin/ssh"), bfs::perms(0755));
  }
  // Returns a line of sh that runs the script with these variables changed.
  std::string Line(const std::string& variables) const {
    return fmt::format(
        "cd {}; export TMPDIR=$PWD/tmp PATH=$PWD/bin:$PATH RELEASE_APP=shop "
        "RELEASE_HOSTS={} RELEASE_DIRECTORY=build RELEASE_VERSION=1 "
        "RELEASE_SSH_KEY=key RELEASE_KNOWN_HOSTS='x y z' "
        "RELEASE_SIGNING_KEY=key RELEASE_TESTS=all RELEASE_SERIAL=1 "
        "RELEASE_ENVIRONMENT=production; export {}; exec sh {}/deploy",
        dir_.path(), kNobody, variables, kTemplates);
  }
  // Runs it and returns its status and what it said.
  std::string Complaint(const std::string& variables) const {
    const Finished job = RunShell(Line(variables));
    CHECK(bfs::is_empty(Path("tmp")));
    return fmt::format("{} {}", job.exit, job.err);
  }

 private:
  TempDir dir_;
};

}  // namespace

TEST_SUITE("inside a container: CI templates") {
  TEST_CASE("a job deploys the full archive, the next one what changed") {
    CiShop shop;
    // ssh sees what lies in the temporary directory, and its environment.
    shop.Replace("ssh",
                 "{ stat -c '%a %F %n' \"$TMPDIR\"/* \"$TMPDIR\"/*/*; env; } "
                 ">/srv/seen; exec /usr/bin/ssh \"$@\"\n");
    shop.RunWell("1");
    const std::string seen = Slurp("/srv/seen");
    CAPTURE(seen);
    CHECK(Says(seen, "700 directory /srv/tmp/"));
    CHECK(Says(seen, "600 regular file /srv/tmp/"));
    CHECK(Says(seen, "/key\n"));
    CHECK_FALSE(Says(seen, "644"));
    CHECK_FALSE(Says(seen, "PRIVATE KEY"));
    // The time is that of the commit.
    const std::string commit = shop.Shell(
                                       "git -C /srv/checkout log -1 "
                                       "--format=%ct")
                                   .output;
    CHECK(shop.Shell("stat -c %Y /srv/shop/current/version").output == commit);

    // A key may also come as the path of a file.
    shop.Set({{"RELEASE_SSH_KEY", std::string(kDirectory) + "/user"}});
    const Outcome thin = shop.RunGitlabJob("2");
    CAPTURE(thin.err);
    CHECK(thin.status == 0);
    CHECK(Parsed(thin.out)["exit"] == 0);
    CHECK(Says(thin.err, std::string(kHost) + ": 2 is live"));
    shop.CheckLive("2");
    CHECK(shop.Transactions()[0]["facts"]["base"] == "1");
    CHECK(bfs::exists("/srv/checkout/.cache/release-push"));
  }

  TEST_CASE("a job exits with the status of the first deploy that failed") {
    CiShop shop;
    shop.RunWell("1");
    shop.Set({{"RELEASE_HOSTS", fmt::format("{}\n{}", kHost, kNobody)}});
    const Outcome undone = shop.RunJob("2", "die");
    CAPTURE(undone.err);
    CHECK(undone.status == 4);
    CHECK(Parsed(undone.out)["exit"] == 4);
    CHECK(Says(undone.err, std::string(kHost) + ": failed with status 4\n"));
    CHECK(Says(undone.err, std::string(kNobody) + ": not done\n"));
    shop.CheckLive("1");
    // The first host takes it, the second does not answer.
    const std::string third = "ssh://deploy@localhost:2225";
    shop.Set(
        {{"RELEASE_HOSTS", fmt::format("{} {} {}", kHost, kNobody, third)}});
    const Outcome broken = shop.RunJob("3");
    CAPTURE(broken.err);
    CHECK(broken.status == 255);
    CHECK(Says(broken.err, std::string(kHost) + ": 3 is live\n"));
    CHECK(Says(broken.err, std::string(kNobody) + ": failed with status 255"));
    CHECK(Says(broken.err, third + ": not done\n"));
    shop.CheckLive("3");
  }

  TEST_CASE("a job refuses a host whose key is not the pinned one") {
    CiShop shop;
    shop.RunWell("1");
    const std::size_t before = shop.Transactions().size();
    for (const std::string& known :
         {"[127.0.0.1]:2225 " + Slurp(std::string(kDirectory) + "/other.pub"),
          "web1 " + Slurp(std::string(kDirectory) + "/host.pub")}) {
      shop.Set({{"RELEASE_KNOWN_HOSTS", known}});
      const Outcome refused = shop.RunJob("2");
      CAPTURE(refused.err);
      CHECK(refused.status == 255);
      CHECK(Says(refused.err, "Host key verification failed"));
    }
    CHECK(shop.Transactions().size() == before);
    shop.CheckLive("1");
  }

  TEST_CASE("a job signs what a host requires, for thin archives too") {
    CiShop shop(std::string(kConfig) + kVerify);
    const Outcome unsigned_job = shop.RunJob("1");
    CHECK(unsigned_job.status == 3);
    CHECK(Parsed(unsigned_job.out)["error"]["code"] == "evidence-missing");
    shop.Set({{"RELEASE_SIGNING_KEY", Slurp(std::string(kDirectory) + "/ci")},
              {"RELEASE_TESTS", "unit\n\nsays \"no\" \\ twice\r\n"}});
    shop.RunWell("1");
    shop.Set({{"RELEASE_SERIAL", "8"}});
    shop.RunWell("2");
    const nlohmann::json facts = shop.Transactions()[0]["facts"];
    CAPTURE(facts.dump());
    CHECK(facts["base"] == "1");
    CHECK(Says(facts.dump(), "ci@example.org"));
    CHECK(Says(facts.dump(), "\"8\""));
  }
}

TEST_CASE("jobs of CI deploy over a restricted key") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: CI templates", 4);
}

TEST_CASE("both CI templates set what the script reads, and run it") {
  CommandsOfTemplates();
  // Control: what only one of them has is noticed.
  const TempDir dir;
  const auto problems = [&dir](const std::string& file, const std::string& from,
                               const std::string& to) {
    Shell(fmt::format("cp {}/* {}/docs/callers.md {}", kTemplates,
                      RELEASE_SOURCE_DIR, dir.path()));
    std::string text = Slurp(dir.path() + "/" + file);
    text.replace(text.find(from), from.size(), to);
    Spill(dir.path() + "/" + file, text);
    const Finished checked =
        CheckTemplates(dir.path(), dir.path() + "/callers.md");
    CHECK(checked.exit == 1);
    return checked.out;
  };
  CHECK(Says(problems("deploy", "\nstatus=0\n", "\nstatus=$RELEASE_NEW\n"),
             "release.gitlab-ci.yml: lacks RELEASE_NEW"));
  CHECK(Says(problems("action.yml", "inputs.wait", "inputs.weight"),
             "RELEASE_WAIT is ${{ inputs.weight }}"));
  CHECK(Says(problems("release.gitlab-ci.yml", "    RELEASE_APP: \"\"\n", ""),
             "lacks RELEASE_APP"));
  CHECK(Says(problems("callers.md", "          app: shop\n", ""),
             "callers.md: the workflow is wrong about the input app"));
}

TEST_CASE("a CI job with a wrong variable ends before it reaches a host") {
  const LocalJob job;
  CHECK(job.Complaint("RELEASE_HOSTS=") ==
        "2 cannot deploy: RELEASE_HOSTS is empty\n");
  for (const std::string variable :
       {"RELEASE_HOSTS='web1 -oProxyCommand=id'", "RELEASE_APP='shop;id'",
        "RELEASE_KNOWN_HOSTS=", "RELEASE_VERSION=", "RELEASE_DIRECTORY=",
        "RELEASE_SSH_KEY=locked", "RELEASE_SSH_KEY=nonsense",
        "RELEASE_SIGNING_KEY=locked", "RELEASE_TESTS=' '", "RELEASE_SERIAL=1,2",
        "RELEASE_SERIAL=", "RELEASE_ENVIRONMENT='\"'",
        "RELEASE_WAIT='1m --irreversible'", "RELEASE_ROLLOUT='1 -n'"}) {
    const std::string said = job.Complaint(variable);
    CAPTURE(said);
    CHECK(said.starts_with(
        "2 cannot deploy: " + variable.substr(0, variable.find('=')) + " "));
  }
  CHECK(Says(job.Complaint("RELEASE_DIRECTORY=missing"),
             "cannot open directory"));
  // Control: with all variables right it asks the host.
  CHECK(job.Complaint("RELEASE_WAIT=1m").starts_with("255 "));
}

TEST_CASE("a CI job says which rollout its deploys are a part of") {
  const LocalJob job;
  job.ReplaceSsh("echo \"$*\" >>words\n");
  const Finished finished =
      RunShell(job.Line("RELEASE_ROLLOUT=4711 RELEASE_WAIT= "
                        "RELEASE_OPTIONS=--irreversible RELEASE_SIGNING_KEY="));
  CHECK_MESSAGE(finished.exit == 0, finished.Describe());
  CHECK(Says(Slurp(job.Path("words")),
             std::string(kNobody) +
                 " release --app shop --json deploy - --wait 5m "
                 "--rollout 4711 --irreversible\n"));
}

TEST_CASE("a CI job that is stopped leaves no key and no process") {
  const LocalJob job;
  job.ReplaceSsh("echo $$ >new; mv new pid; exec sleep 100\n");
  Running running({"sh", "-c", job.Line("RELEASE_WAIT=1m")});
  REQUIRE(Eventually([&job] { return bfs::exists(job.Path("pid")); }));
  CHECK_FALSE(bfs::is_empty(job.Path("tmp")));
  running.Signal(SIGTERM);
  CHECK(running.Wait().exit == 143);
  CHECK(bfs::is_empty(job.Path("tmp")));
  const int pid = std::stoi(Slurp(job.Path("pid")));
  CHECK(Eventually([pid] { return kill(pid, 0) != 0; }));
}

}  // namespace release
