#include "host/ssh_server.h"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <stdexcept>

#include "host/live_shop.h"
#include "support/archives.h"

namespace release {

SshServer::SshServer(const std::string& directory, int port)
    : directory_(directory), port_(port) {
  // sshd needs /run/sshd and does not make it.
  Shell(fmt::format("rm -rf {0}; mkdir -p -m 755 {0} /run/sshd", directory));
  MakeKey("host");
  MakeKey("user");
  Spill(directory + "/known", "test-host " + Slurp(directory + "/host.pub"));
}

SshServer::~SshServer() {
  if (!sshd_) return;
  sshd_->Kill(SIGTERM);
  sshd_->Wait();
}

void SshServer::MakeKey(const std::string& name) const {
  Shell(fmt::format("ssh-keygen -q -t ed25519 -N '' -C '' -f {}/{}", directory_,
                    name));
}

std::string SshServer::LetsUserIn() const {
  return fmt::format("AuthorizedKeysFile {}/user.pub\nStrictModes no\n",
                     directory_);
}

std::string SshServer::Configure(const std::string& config) const {
  const std::string path = directory_ + "/config";
  Spill(path, fmt::format("ListenAddress 127.0.0.1:{}\nHostKey {}/host\n"
                          "PidFile none\nUsePAM no\n{}",
                          port_, directory_, config));
  return path;
}

void SshServer::Start(const std::string& config) {
  sshd_.emplace(std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e",
                                         "-f" + Configure(config)});
  // A connection before sshd listens would be refused.
  const bool listens = Within(std::chrono::seconds(60), [this] {
    return sshd_->Output().find("Server listening") != std::string::npos;
  });
  if (!listens) throw std::runtime_error("no sshd: " + sshd_->Output());
}

std::vector<std::string> SshServer::Options(const std::string& key) const {
  return {"-F/dev/null",
          fmt::format("-oPort={}", port_),
          fmt::format("-i{}/{}", directory_, key),
          "-oBatchMode=yes",
          fmt::format("-oUserKnownHostsFile={}/known", directory_),
          "-oHostKeyAlias=test-host",
          "-oLogLevel=ERROR"};
}

std::vector<std::string> SshServer::Client(
    const std::string& user, const std::vector<std::string>& options,
    const std::vector<std::string>& command, const std::string& key) const {
  std::vector<std::string> argv = {"ssh"};
  for (const std::string& option : Options(key)) argv.push_back(option);
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(user + "@127.0.0.1");
  // "--" because a command may begin with a dash.
  if (!command.empty()) argv.emplace_back("--");
  argv.insert(argv.end(), command.begin(), command.end());
  return argv;
}

}  // namespace release
