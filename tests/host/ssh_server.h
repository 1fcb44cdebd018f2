// An sshd of its own for a test, and clients that get in.
#ifndef RELEASE_TESTS_HOST_SSH_SERVER_H_
#define RELEASE_TESTS_HOST_SSH_SERVER_H_

#include <optional>
#include <string>
#include <vector>

#include "host/started.h"

namespace release {

// Listens on one port of 127.0.0.1 until it is destroyed; sessions that are
// open then go on. Everything throws std::runtime_error where it fails.
class SshServer {
 public:
  // Empties `directory`, which root alone can write, and puts the host's key
  // and the key `user` of a client there.
  SshServer(const std::string& directory, int port);
  ~SshServer();
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;

  // Makes another key pair, NAME and NAME.pub in the directory.
  void MakeKey(const std::string& name) const;
  // What lets the key `user` in as anybody, without asking how the account
  // stands; a line of the configuration.
  std::string LetsUserIn() const;
  // Writes the configuration, `config` after the lines of the address and the
  // key. Returns its path.
  std::string Configure(const std::string& config) const;
  // The same, and listens on return.
  void Start(const std::string& config);

  // The options by which ssh and scp find in with a key of the directory, and
  // know the host under any name; then the whole of a command line. Without a
  // command it asks for a shell.
  std::vector<std::string> Options(const std::string& key = "user") const;
  std::vector<std::string> Client(const std::string& user,
                                  const std::vector<std::string>& options,
                                  const std::vector<std::string>& command,
                                  const std::string& key = "user") const;

 private:
  std::string directory_;
  int port_;
  std::optional<Started> sshd_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_SSH_SERVER_H_
