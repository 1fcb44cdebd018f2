// The command on a terminal of its own that is typed on, resized, or goes away.
#include <doctest/doctest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "host/site.h"

namespace release {
namespace {

constexpr char kClearLine[] = "\r\x1b[K";

// The built command as the foreground program of a terminal of 80 columns. The
// destructor kills it.
class OnTerminal {
 public:
  explicit OnTerminal(std::vector<std::string> argv) {
    winsize size = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
    REQUIRE(pid_ >= 0);
    if (pid_ > 0) return;
    setenv("LC_ALL", "C", 1);
    std::vector<char*> words;
    for (std::string& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    execv(words[0], words.data());
    _exit(127);
  }
  ~OnTerminal() {
    Vanish();
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  // Waits until the text has been printed at or after position `from`.
  bool Shows(const std::string& text, std::size_t from = 0) {
    return Eventually([&] {
      Read(/*wait=*/20);
      return seen_.find(text, from) != seen_.npos;
    });
  }
  const std::string& seen() const { return seen_; }

  void PressCtrlC() const { REQUIRE(write(terminal_, "\x03", 1) == 1); }
  // The kernel sends SIGWINCH.
  void Resize(unsigned short columns) const {
    const winsize size = {
        .ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(ioctl(terminal_, TIOCSWINSZ, &size) == 0);
  }
  // Closes the terminal as a lost connection does. The kernel sends SIGHUP, and
  // each later write fails.
  void Vanish() {
    if (terminal_ >= 0) close(terminal_);
    terminal_ = -1;
  }

  // Reads to the end and returns the exit status; -1 if a signal ended it.
  int Wait() {
    while (terminal_ >= 0 && Read(/*wait=*/-1)) {
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  // Waits for at most `wait` ms. Returns false at the end of the output.
  bool Read(int wait) {
    pollfd readable = {.fd = terminal_, .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, wait) <= 0) return true;
    char buffer[4096];
    const ssize_t n = read(terminal_, buffer, sizeof buffer);
    if (n > 0) seen_.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }

  int terminal_ = -1;
  pid_t pid_ = -1;
  std::string seen_;
};

// Makes 1.0 live, and returns the words of a deploy of 2.0.
std::vector<std::string> WordsAfterFirst(const Site& site) {
  site.Deploy("1.0");
  return {"deploy", site.Archive("2.0"), "--version",
          "2.0",    "--confirm-within",  "10m"};
}

// A site where 1.0 is live, and a deploy of 2.0 that waits for a person.
struct Confirming {
  void CheckSettled(const std::string& live) const {
    CHECK(site.Live() == live);
    CHECK_FALSE(RecordLeftOpen(site.root()));
    CHECK(Garbage(site.root()).empty());
    CHECK(site.Release({"status", "--check"}).exit == 0);
  }

  Site site;
  OnTerminal deploy{site.CommandLine(WordsAfterFirst(site))};
};

}  // namespace

TEST_CASE("a deploy whose terminal vanishes goes on, and can be confirmed") {
  Confirming world;
  REQUIRE(world.deploy.Shows("confirm"));
  world.deploy.Vanish();
  CHECK(world.site.Live() == "2.0");
  CHECK(world.site.Release({"confirm"}).exit == 0);
  CHECK(world.deploy.Wait() == 0);
  world.CheckSettled("2.0");
}

TEST_CASE("a deploy whose terminal vanishes can be aborted") {
  Confirming world;
  REQUIRE(world.deploy.Shows("confirm"));
  world.deploy.Vanish();
  CHECK(world.site.Release({"abort"}).exit == 0);
  CHECK(world.deploy.Wait() == 4);
  world.CheckSettled("1.0");
}

TEST_CASE("Ctrl-C on the terminal undoes a deploy, and is named") {
  Confirming world;
  REQUIRE(world.deploy.Shows("confirm"));
  world.deploy.PressCtrlC();
  CHECK(world.deploy.Wait() == 4);
  CHECK(world.deploy.seen().find("interrupted (Ctrl-C)") != std::string::npos);
  world.CheckSettled("1.0");
}

TEST_CASE("a redrawn line fits the terminal after a resize") {
  constexpr std::size_t kColumns = 24;
  Confirming world;
  OnTerminal& deploy = world.deploy;
  REQUIRE(deploy.Shows(kClearLine + std::string("  confirm")));
  deploy.Resize(kColumns);
  // A line that is cut was drawn after the resize.
  REQUIRE(deploy.Shows("..."));
  const std::size_t cut = deploy.seen().find("...");
  const std::size_t begin = deploy.seen().rfind(kClearLine, cut);
  CHECK(cut + 3 - (begin + std::string(kClearLine).size()) < kColumns);
  deploy.Resize(80);
  REQUIRE(deploy.Shows("left", cut));
  CHECK(world.site.Release({"confirm"}).exit == 0);
  CHECK(deploy.Wait() == 0);
  CHECK(deploy.seen().find("2.0 is live") != std::string::npos);
  world.CheckSettled("2.0");
}

TEST_CASE("a reader that closes the pipe early ends the history quietly") {
  Site site;
  for (const char* version : {"1.0", "2.0", "3.0"}) site.Deploy(version);
  const std::string release = "$release --root " + site.root() + " history";
  const Finished first =
      RunShell("{ " + release + "; echo $? >&2; } | head -1");
  CHECK(first.out.starts_with("NR  COMMAND"));
  CHECK(first.err == "0\n");
  // The reader of the pipe has ended for sure before the command begins.
  const Finished gone =
      RunShell("cd " + site.files() +
               " && mkfifo pipe && { : < pipe & exec 3> pipe; wait; " +
               release + " >&3; }");
  INFO(gone.Describe());
  CHECK(gone.exit == 0);
  CHECK(gone.err == "");
}

}  // namespace release
