// The app's configuration and the open doors, for every command.
#ifndef RELEASE_CLI_SESSION_H_
#define RELEASE_CLI_SESSION_H_

#include <memory>
#include <string>

#include "cli/command_table.h"
#include "cli/options.h"
#include "deploy/deploy_context.h"
#include "os/curl_http.h"
#include "os/posix_clock.h"
#include "os/posix_fs.h"
#include "os/posix_runner.h"

namespace release {

// Adds the global options in `words` to `global`.
void TakeGlobals(const CommandWords& words, GlobalOptions* global);

// The configuration that the options lead to: --config, else that of --app or
// $RELEASE_APP in /etc/release, else that of the only app there is; with --root
// alone the defaults. Throws Error kConfigInvalid, kConfigUnreadable,
// kConfigUnsafe or kAppUnknown.
Config LoadConfig(const GlobalOptions& options);

// Names of the apps configured on this host.
std::vector<std::string> ConfiguredApps();

class Session {
 public:
  // Loads the configuration and opens the root. Throws Error kNotInitialized
  // where the root does not exist or is no directory.
  explicit Session(const GlobalOptions& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Before anything is changed: throws Error kRootUnsafe or kConfigUnsafe where
  // this runs as root and somebody else can write the root's directories or a
  // program that the configuration has it run.
  void RequireOnlyRootWrites() const;

  const GlobalOptions& options() const { return options_; }
  const Config& config() const { return config_; }
  DeployContext* context() { return &context_; }
  Fs* fs() { return fs_.get(); }

 private:
  GlobalOptions options_;
  Config config_;
  std::unique_ptr<PosixFs> fs_;
  PosixRunner runner_;
  CurlHttp http_;
  PosixClock clock_;
  DeployContext context_;
};

}  // namespace release

#endif  // RELEASE_CLI_SESSION_H_
