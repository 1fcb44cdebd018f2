#include "cli/intake_command.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "cli/change_commands.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/session.h"
#include "dropbox/intake.h"
#include "os/identity.h"
#include "store/layout.h"

namespace release {
namespace {

int PrintIntakePlan(Session* session) {
  std::vector<std::string> plan;
  for (const std::string& upload : ReadyUploads(session->fs())) {
    plan.push_back(fmt::format("deploy {}/{}", kIncoming, Printable(upload)));
  }
  if (plan.empty()) plan.push_back("nothing: no upload lies ready");
  return PrintPlan(session->options(), CommandId::kIntake, plan);
}

}  // namespace

int RunIntake(const GlobalOptions& global) {
  Session session(global);
  if (global.dry_run) return PrintIntakePlan(&session);
  DeployContext* context = Speaking(&session);
  // With --json only one object for all uploads is printed, at the end.
  GlobalOptions each = global;
  each.json = false;
  IntakeOptions options;
  if (!session.config().unpack.owner.empty()) {
    options.owner = ResolveOwner(session.config().unpack.owner);
  }
  // X.reason.json has the same form as the outcome that --json prints.
  const JsonSubject subject{session.config().app,
                            session.config().root.string()};
  options.reason = [&subject](const UploadResult& taken) {
    return TakenJson(subject, taken) + "\n";
  };
  options.report = [&each](const UploadResult& taken) {
    Say(each, fmt::format("upload {}:", Quoted(taken.upload)));
    PrintOutcome(each, taken.outcome);
  };
  const std::vector<UploadResult> taken = TakeUploads(context, options);
  const Exit exit = GravestExit(taken);
  if (global.json) PrintJson(IntakeJson(global.subject, taken));
  if (taken.empty()) Say(global, "no upload lies ready");
  EndIdleInstances(context);
  return static_cast<int>(exit);
}

}  // namespace release
