#include "base/error.h"
#include "cli/command_line.h"
#include "os/cancellation.h"
#include "os/linkage.h"
#include "os/startup.h"

// The order matters: the standard descriptors must be taken before anything
// else opens one (an eventfd for signals, for example), and signals must be
// handled before the command changes anything.
int main(int argc, char** argv) {
  release::FillStandardDescriptors();
  if (const release::Reason reason = release::CatchInterrupts()) {
    release::WriteErr("release: " + *reason + "\n");
    return static_cast<int>(release::Exit::kFailed);
  }
  if (!release::CanLoadLibraries()) release::AskNoNameServiceLibrary();
  return release::RunCommandLine(argc, argv);
}
