#include "base/command_id.h"

#include "base/name_table.h"

namespace release {
namespace {

struct Row {
  CommandId value;
  std::string_view name;
};

constexpr Row kTable[] = {
    {CommandId::kInit, "init"},
    {CommandId::kDeploy, "deploy"},
    {CommandId::kStage, "stage"},
    {CommandId::kActivate, "activate"},
    {CommandId::kRollback, "rollback"},
    {CommandId::kRestart, "restart"},
    {CommandId::kIntake, "intake"},
    {CommandId::kRecover, "recover"},
    {CommandId::kPrune, "prune"},
    {CommandId::kStart, "start"},
    {CommandId::kDrain, "drain"},
    {CommandId::kWatch, "watch"},
    {CommandId::kPin, "pin"},
    {CommandId::kUnpin, "unpin"},
    {CommandId::kNotify, "notify"},
    {CommandId::kConfirm, "confirm"},
    {CommandId::kAbort, "abort"},
    {CommandId::kList, "list"},
    {CommandId::kStatus, "status"},
    {CommandId::kShow, "show"},
    {CommandId::kCheck, "check"},
    {CommandId::kHistory, "history"},
    {CommandId::kVerify, "verify"},
    {CommandId::kDiff, "diff"},
    {CommandId::kManifest, "manifest"},
    {CommandId::kServe, "serve"},
    {CommandId::kPack, "pack"},
    {CommandId::kCompletion, "completion"},
    {CommandId::kNone, ""},
    {CommandId::kUnknown, "unknown"},
};

static_assert(FollowsEnum(kTable, CommandId::kUnknown));

}  // namespace

std::string_view CommandName(CommandId command) {
  return RowAt(kTable, command).name;
}

CommandId ParseCommandName(std::string_view name) {
  return FindByName(kTable, name).value_or(CommandId::kUnknown);
}

}  // namespace release
