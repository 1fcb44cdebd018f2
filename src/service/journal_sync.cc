#include "service/journal_sync.h"

namespace release {

void SyncJournal(Runner* runner) {
  Command command;
  command.argv = {"journalctl", "--sync"};
  command.timeout = std::chrono::seconds(2);
  runner->Run(command);
}

}  // namespace release
