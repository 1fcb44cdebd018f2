#include "host/cut_shop.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <stdexcept>

#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

// A failed check.
struct Broken {
  std::string what;
};

// Makes an archive of about 20 files and 700 kB, with links. A third of the
// parts, the file "large" and most of "big" are the same in all versions, so
// that dedup has work to do.
void MakeArchive(const std::string& path, const std::string& version) {
  TarBuilder tar;
  tar.File("name", version + "\n").Directory("lib").Directory("lib/deep");
  const auto seed = static_cast<unsigned>(std::hash<std::string>()(version));
  for (unsigned i = 0; i < 16; ++i) {
    tar.File(fmt::format("lib/{}part{}", i % 2 == 0 ? "deep/" : "", i),
             Noise(700 + 1300 * i, i % 3 == 0 ? i : seed + i));
  }
  tar.File("big", Noise(150'000, 1) + Noise(20'000, seed), 0755);
  tar.File("large", Noise(400'000, 2));
  tar.Symlink("link", "name").Symlink("lib/up", "../big");
  Spill(path, tar.Bytes());
}

std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

const std::vector<CutCase>& CutCases() {
  static const std::vector<CutCase> cases = {
      {.name = "deploy",
       .words = {"deploy", "3.0"},
       .before = "2.0",
       .after = "3.0"},
      {.name = "deploy that fails",
       .words = {"deploy", "3.0-bad"},
       .exit = 4,
       .before = "2.0",
       .after = "2.0"},
      {.name = "rollback",
       .words = {"rollback"},
       .before = "3.0",
       .after = "2.0",
       .releases = 3},
      {.name = "prune",
       .words = {"prune"},
       .before = "4.0",
       .after = "4.0",
       .releases = 4},
      {.name = "recover",
       .words = {"recover"},
       .before = "2.0",
       .after = "2.0",
       .interrupted = true},
  };
  return cases;
}

const CutCase& CutCaseNamed(const std::string& name) {
  return *std::find_if(CutCases().begin(), CutCases().end(),
                       [&](const CutCase& c) { return c.name == name; });
}

CutShop::CutShop(const std::string& form, CutCase cut_case)
    : case_(std::move(cut_case)),
      disk_(form, own_.path() + "/disk"),
      site_(own_.path() + "/disk"),
      calls_(site_.root(), own_.path()),
      running_(own_.path() + "/running") {
  // The reload command records the target of `current` in the file `running_`;
  // this target is what the service runs. The probe of a version that ends in
  // "bad" fails; "late-bad" first syncs the whole disk, so that the undo begins
  // with everything before it durable. Only such a version needs a short
  // deadline.
  const std::string shop =
      "[service]\n"
      "command = [\"/bin/sh\", \"-c\", \"readlink " +
      site_.root() + "/current > " + running_ +
      "\"]\n"
      "[healthcheck]\n"
      "command = [\"/bin/sh\", \"-c\", \"case $(cat " +
      running_ + ") in *late-bad) sync -f " + site_.root() +
      "; exit 1;; *bad) exit 1; esac\"]\n"
      "interval = \"10ms\"\ndeadline = \"" +
      std::string(case_.words.back().ends_with("bad") ? "20ms" : "10s") +
      "\"\nmin_healthy_time = \"0s\"\n";
  // ext4 cannot share blocks, so there dedup means hard links.
  const std::string dedup = !case_.shares    ? "off"
                            : form == "ext4" ? "hardlink"
                                             : "auto";
  const std::string unpack = "[unpack]\ndedup = \"" + dedup + "\"\n";
  config_ =
      site_.ConfigFile("shop.toml", "keep_releases = 9\n" + unpack + shop);
  for (unsigned i = 1; i <= case_.releases; ++i) {
    const Finished deployed = Release({"deploy", std::to_string(i) + ".0"});
    if (deployed.exit != 0) throw std::runtime_error(deployed.Describe());
  }
  if (case_.interrupted) Interrupt();
  for (const std::string& version : {std::string("9.0"), case_.words.back()}) {
    MakeArchive(site_.files() + "/" + version + ".tar", version);
  }
  config_ = site_.ConfigFile("one.toml", "keep_releases = 1\n" + unpack + shop);
  record_ = fmt::format("{}/.release/transactions/{:06}.log", site_.root(),
                        case_.releases + 1);
  disk_.Keep();
}

// Makes a command line. The operand of `deploy` is a version, which this
// replaces with the path of its archive.
std::vector<std::string> CutShop::Line(
    const std::vector<std::string>& words) const {
  std::vector<std::string> line = {"--config", config_};
  line.insert(line.end(), words.begin(), words.end());
  if (words[0] == "deploy") {
    std::string& archive = line[3];
    const std::string version = archive;
    archive = site_.files() + "/" + version + ".tar";
    if (!bfs::exists(archive)) MakeArchive(archive, version);
    line.insert(line.end(), {"--version", version});
  }
  return site_.CommandLine(line);
}

std::vector<std::string> CutShop::CommandLine() const {
  return Line(case_.words);
}

Finished CutShop::Release(const std::vector<std::string>& words) const {
  return Run(Line(words));
}

void CutShop::Interrupt() {
  Running deploy(Line({"deploy", "3.0", "--confirm-within", "60s"}));
  const bool waits = Eventually(
      [&] { return deploy.ErrSoFar().find("waiting") != std::string::npos; });
  if (!waits) throw std::runtime_error(deploy.ErrSoFar());
  deploy.Signal(SIGKILL);
  deploy.Wait();
}

void CutShop::Need(bool holds, const std::string& what) const {
  if (!holds) throw Broken{what};
}

// A boot: the service starts, before any recovery, from what `current` names.
void CutShop::Boot() const {
  boost::system::error_code error;
  Spill(running_,
        bfs::read_symlink(site_.root() + "/current", error).string() + "\n");
}

bool CutShop::Committed() const {
  return bfs::exists(record_) &&
         Slurp(record_).find(R"("kind":"committed")") != std::string::npos;
}

std::vector<std::string> CutShop::Calls() {
  disk_.Restore();
  Boot();
  const auto run = calls_.To(CommandLine(), 0, [] {});
  if (run.finished.exit != case_.exit) {
    throw std::runtime_error(run.finished.Describe());
  }
  return calls_.Made();
}

std::optional<int> CutShop::RunAndCut(unsigned call, Disk::Cut cut) {
  disk_.Restore();
  Boot();
  const auto run = calls_.To(CommandLine(), call, [&] { disk_.CutPower(cut); });
  std::optional<int> exit;
  if (!run.stopped) {
    disk_.CutPower(cut);
    exit = run.finished.exit;
  }
  disk_.Remount();
  Boot();
  return exit;
}

std::string CutShop::CutBefore(unsigned call, Disk::Cut cut) {
  return Examine(RunAndCut(call, cut));
}

std::optional<std::string> CutShop::CutAndKill(unsigned call, Disk::Cut cut,
                                               unsigned recovery_call) {
  const std::optional<int> exit = RunAndCut(call, cut);
  if (!calls_.To(Line({"recover"}), recovery_call, [] {}).stopped) {
    return std::nullopt;
  }
  return Examine(exit);
}

int CutShop::RunThrough() {
  Boot();
  return calls_.To(CommandLine(), 0, [] {}).finished.exit;
}

std::string CutShop::BootAndExamine(std::optional<int> exit) {
  Boot();
  return Examine(exit);
}

NumberedCalls::Run CutShop::RunSecond(const Second& second, unsigned call,
                                      const std::function<void()>& at_stop) {
  disk_.Restore();
  Boot();
  const auto first = calls_.To(CommandLine(), second.kill, [] {});
  if (!first.stopped) throw std::runtime_error(first.finished.Describe());
  calls_.LeaveOut(second.left_out);
  auto run = calls_.To(Line(second.words), call, at_stop);
  calls_.LeaveOut(std::nullopt);
  return run;
}

std::vector<std::string> CutShop::CallsOf(const Second& second) {
  const auto run = RunSecond(second, 0, [] {});
  if (run.finished.exit != 0) {
    throw std::runtime_error(run.finished.Describe());
  }
  return calls_.Made();
}

std::string CutShop::KillThenCut(const Second& second, unsigned call,
                                 Disk::Cut cut) {
  const auto run = RunSecond(second, call, [&] { disk_.CutPower(cut); });
  std::string reported;
  if (!run.stopped) {
    reported = site_.Live();
    disk_.CutPower(cut);
    if (run.finished.exit != 0) return run.finished.Describe();
  }
  disk_.Remount();
  Boot();
  return ExamineSecond(reported);
}

std::string CutShop::ExamineSecond(const std::string& reported) {
  return FirstBroken([&] {
    CheckAlways("after the cut");
    const Finished recovered = Release({"recover"});
    Need(recovered.exit == 0, "recover: " + recovered.Describe());
    CheckAlways("after recovery");
    const std::string live = site_.Live();
    Need(reported.empty() || live == reported,
         fmt::format("{} was reported live, {} is", reported, live));
    CheckSettled(live);
    CheckNextDeploy(live);
  });
}

template <typename Body>
std::string CutShop::FirstBroken(Body body) const {
  try {
    body();
  } catch (const Broken& broken) {
    return FirstLine(broken.what) == broken.what
               ? broken.what
               : broken.what + "\n" + Run({"ls", "-lR", site_.root()}).out;
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

std::string CutShop::Examine(std::optional<int> exit) {
  return FirstBroken([&] {
    CheckAlways("after the cut");
    const bool committed = Committed();
    if (exit) {
      Need(*exit == case_.exit, fmt::format("it reported {}", *exit));
      // A success that was reported must be durable. `recover` has no commit of
      // its own.
      const bool done = case_.exit == 0 && case_.words[0] != "recover";
      Need(!done || committed, "a success that was reported is lost");
    }
    const Finished recovered = Release({"recover"});
    Need(recovered.exit == 0, "recover: " + recovered.Describe());
    CheckAlways("after recovery");
    const std::string live = committed ? case_.after : case_.before;
    CheckSettled(live);
    CheckNextDeploy(live);
  });
}

void CutShop::CheckAlways(const std::string& when) const {
  const std::string live = site_.Live();
  Need(!live.empty(), when + " there is no current");
  Need(bfs::is_directory(site_.root() + "/releases/" + live),
       when + " current dangles: " + live);
  const Finished verified = Release({"verify", "--all"});
  Need(verified.exit == 0, when + " verify --all: " + verified.Describe());
}

void CutShop::CheckSettled(const std::string& live) const {
  Need(site_.Live() == live,
       fmt::format("{} is live, not {}", site_.Live(), live));
  const std::string runs = FirstLine(Slurp(running_));
  Need(runs == "releases/" + live,
       fmt::format("the service runs {}, current is {}", runs, live));
  const auto garbage = Garbage(site_.root());
  Need(garbage.empty(), "garbage is left");
  Need(!RecordLeftOpen(site_.root()), "a transaction is open");
  const Finished checked = Release({"--json", "status", "--check"});
  Need(checked.exit == 0, "status --check: " + checked.Describe());
  const auto status = nlohmann::json::parse(checked.out);
  Need(status["ok"] == true && status["interrupted"] == false &&
           status["problems"].empty() && status["in_progress"].is_null() &&
           status["live"] == live && status["rollback_target"].is_string(),
       "status: " + status.dump(1));
}

void CutShop::CheckNextDeploy(const std::string& live) const {
  const Finished deployed = Release({"deploy", "9.0"});
  Need(deployed.exit == 0 && site_.Live() == "9.0",
       "the next deploy: " + deployed.Describe());
  const Finished back = Release({"rollback"});
  Need(back.exit == 0 && site_.Live() == live,
       "the next rollback: " + back.Describe());
}

}  // namespace release
