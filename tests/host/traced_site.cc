#include "host/traced_site.h"

#include <signal.h>

#include <boost/filesystem.hpp>
#include <stdexcept>

#include "support/archives.h"

namespace release {
namespace {

void Copy(const std::string& from, const std::string& to) {
  const Finished finished = Run({"cp", "-a", from, to});
  if (finished.exit != 0) throw std::runtime_error(finished.Describe());
}

}  // namespace

TracedSite::TracedSite()
    : mount_("-t tmpfs -o size=256m none", own_.path()), site_(own_.path()) {}

void TracedSite::InterruptDeploy() const {
  // A deploy that waits for a confirmation has switched and not committed.
  Running deploy(site_.CommandLine({"deploy", site_.Archive("3.0"), "--version",
                                    "3.0", "--confirm-within", "60s"}));
  const bool waits = Eventually(
      [&] { return deploy.ErrSoFar().find("waiting") != std::string::npos; });
  if (!waits) throw std::runtime_error(deploy.ErrSoFar());
  deploy.Signal(SIGKILL);
  deploy.Wait();
  // A deploy that had ended by itself would make the tests that build on this
  // meaningless.
  if (site_.Live() != "3.0" || !RecordLeftOpen(site_.root())) {
    throw std::runtime_error("the deploy was not interrupted on its way");
  }
}

void TracedSite::Keep() const { Copy(site_.root(), base_); }

void TracedSite::Restore() const {
  boost::filesystem::remove_all(site_.root());
  Copy(base_, site_.root());
}

Finished TracedSite::Trace(const std::vector<std::string>& options,
                           const std::vector<std::string>& words,
                           Threads threads) const {
  Restore();
  std::vector<std::string> line;
  if (hides_processes_) {
    line = {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};
  }
  line.insert(line.end(), {"strace", "-f", "-qq", "-o", trace_});
  if (threads == Threads::kOne) {
    line.insert(line.end(), {"-E", "RELEASE_THREADS=1"});
  }
  line.insert(line.end(), options.begin(), options.end());
  const std::vector<std::string> command = site_.CommandLine(words);
  line.insert(line.end(), command.begin(), command.end());
  return Run(line);
}

std::string TracedSite::Traced() const { return Slurp(trace_); }

}  // namespace release
