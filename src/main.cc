#include "base/error.h"
#include "cli/command_line.h"
#include "os/interrupt.h"
#include "os/linkage.h"
#include "os/startup.h"

int main(int argc, char** argv) {
  release::FillStandardDescriptors();
  if (const release::Reason reason = release::CatchInterrupts()) {
    release::WriteErr("release: " + *reason + "\n");
    return static_cast<int>(release::Exit::kFailed);
  }
  if (!release::CanLoadLibraries()) release::AskNoNameServiceLibrary();
  return release::RunCommandLine(argc, argv);
}
