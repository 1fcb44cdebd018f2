#include "host/started.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <stdexcept>

#include "support/archives.h"

namespace release {

namespace fs = boost::filesystem;

Started::Started(const std::vector<std::string>& argv, int input)
    : output_((fs::temp_directory_path() /
               fs::unique_path("release-started-%%%%%%%%"))
                  .string()) {
  std::vector<char*> words;
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input >= 0) {
    posix_spawn_file_actions_adddup2(&actions, input, 0);
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_addopen(&actions, 1, output_.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  // The process must not inherit descriptors of the test: a pipe end that it
  // holds would hide an end of file.
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  const int error =
      posix_spawnp(&pid_, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + argv[0]);
}

Started::~Started() {
  if (!Ended()) {
    Kill(SIGKILL);
    Wait();
  }
  fs::remove(output_);
}

bool Started::Ended() {
  if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
  return ended_;
}

void Started::Kill(int signal) {
  if (!ended_) kill(pid_, signal);
}

int Started::Wait() {
  if (!ended_) ended_ = waitpid(pid_, &status_, 0) == pid_;
  return WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
}

std::string Started::Output() const { return Slurp(output_); }

}  // namespace release
