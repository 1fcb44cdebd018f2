#include "cli/command_line.h"
#include "os/interrupt.h"
#include "os/startup.h"

int main(int argc, char** argv) {
  release::FillStandardDescriptors();
  release::CatchInterrupts();
  return release::RunCommandLine(argc, argv);
}
