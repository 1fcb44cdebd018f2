#include "cli/command_line.h"
#include "os/interrupt.h"
#include "os/linkage.h"
#include "os/startup.h"

int main(int argc, char** argv) {
  release::FillStandardDescriptors();
  release::CatchInterrupts();
  if (!release::CanLoadLibraries()) release::AskNoNameServiceLibrary();
  return release::RunCommandLine(argc, argv);
}
