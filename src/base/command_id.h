// The commands of the program, and their names.
#ifndef RELEASE_BASE_COMMAND_ID_H_
#define RELEASE_BASE_COMMAND_ID_H_

#include <string_view>

namespace release {

// The table in command_id.cc gives each its name.
enum class CommandId {
  kInit,
  kDeploy,
  kStage,
  kActivate,
  kRollback,
  kRestart,
  kIntake,
  kRecover,
  kPrune,
  kStart,
  kDrain,
  kWatch,
  kPin,
  kUnpin,
  kNotify,
  kConfirm,
  kAbort,
  kList,
  kStatus,
  kShow,
  kCheck,
  kHistory,
  kVerify,
  kDiff,
  kManifest,
  kServe,
  kPack,
  kCompletion,
  kNone,     // none was given; its name is empty
  kUnknown,  // written by a version that has more commands
};

// Returns the name that the user types, e.g. "deploy".
std::string_view CommandName(CommandId command);

// Returns kUnknown for a name that this version does not know.
CommandId ParseCommandName(std::string_view name);

}  // namespace release

#endif  // RELEASE_BASE_COMMAND_ID_H_
