// The app's configuration and its open root, as every command on an app needs
// them.
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

// Loads the configuration that the options select: --config, else that of
// --app or RELEASE_APP in /etc/release, else that of the only app there. With
// --root alone it consists of the defaults. --root overrides the root in
// the file. In a directory below the root of an app in
// /etc/release, that app is meant. Throws Error kConfigInvalid,
// kConfigUnreadable, kAppUnknown, and kConfigUnsafe if this runs as root and
// another user can write the file.
Config LoadConfig(const GlobalOptions& options);

// Returns the app and root for the JSON of a command, as far as they are known.
// Does not throw: the command reports the error.
JsonSubject SubjectOf(const GlobalOptions& options);

// Returns whether LoadConfig knows which app or root is meant.
bool KnowsApp(const GlobalOptions& options);

// Returns the names of the apps with a file in /etc/release, sorted. Does not
// throw.
std::vector<std::string> ConfiguredApps();

// Returns the most threads that a command may use, from RELEASE_THREADS. Throws
// Error kUsage if that is not a positive number.
unsigned AllowedThreads();

// Owns the Fs and the other system interfaces that its DeployContext borrows,
// so it must outlive every use of the context.
class Session {
 public:
  // Loads the configuration and opens the root. Throws as LoadConfig does, and
  // Error kNotInitialized if the root does not exist or is not a directory.
  // kUsage: RELEASE_THREADS is not a positive number.
  explicit Session(const GlobalOptions& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Must be called before anything is changed. If this runs as root, throws
  // Error kRootUnsafe if another user can write the directories of the root,
  // and kConfigUnsafe if another user can write a program or script that a
  // command of the configuration names by an absolute path. Does nothing of
  // this for other users. kConfigInvalid: hooks cannot be run as [hooks] user.
  void RequireOnlyRootWrites() const;

  const GlobalOptions& options() const { return options_; }
  const Config& config() const { return config_; }
  DeployContext* context() { return &context_; }
  Fs* fs() { return fs_.get(); }
  // Counts every byte that is read below the root from now on as progress, for
  // a command that reads whole trees.
  void CountReads() { fs_->CountReads(&bytes_); }

 private:
  GlobalOptions options_;
  Config config_;
  std::unique_ptr<PosixFs> fs_;
  PosixRunner runner_;
  CurlHttp http_;
  PosixClock clock_;
  ByteCount bytes_;
  DeployContext context_;
};

}  // namespace release

#endif  // RELEASE_CLI_SESSION_H_
