// An sshd for one test, with keys for its clients.
#ifndef RELEASE_TESTS_HOST_SSH_SERVER_H_
#define RELEASE_TESTS_HOST_SSH_SERVER_H_

#include <optional>
#include <string>
#include <vector>

#include "host/started.h"

namespace release {

// Listens on a port of 127.0.0.1 from Start until destruction; sessions that
// are open then continue. Every method throws std::runtime_error on failure.
class SshServer {
 public:
  // Empties `directory`, which only root may be able to write, and makes a host
  // key and a client key `user` there.
  SshServer(const std::string& directory, int port);
  ~SshServer();
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;

  // Makes a further key pair, NAME and NAME.pub in the directory.
  void MakeKey(const std::string& name) const;
  // Returns configuration lines that admit the key `user` to every account,
  // without checks of the permissions of home directories.
  std::string LetsUserIn() const;
  // Writes the configuration file: address and host key, followed by `config`.
  // Returns its path.
  std::string Configure(const std::string& config) const;
  // Writes the configuration and starts sshd. It accepts connections on return.
  void Start(const std::string& config);

  // Options returns the options of ssh and scp to log in with a key of the
  // directory; the host key is accepted under any host name. Client returns a
  // whole ssh command line; an empty `command` requests a shell.
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
