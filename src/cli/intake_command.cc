#include "cli/intake_command.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "cli/context.h"
#include "cli/json.h"
#include "cli/output.h"
#include "deploy/intake.h"
#include "os/identity.h"
#include "store/layout.h"

namespace release {
namespace {

int PrintIntakePlan(Context* context) {
  std::vector<std::string> plan;
  for (const std::string& upload : ReadyUploads(context->fs())) {
    plan.push_back(fmt::format("deploy {}/{}", kIncoming, Printable(upload)));
  }
  if (plan.empty()) plan.push_back("nothing: no upload lies ready");
  return PrintPlan(context->options(), "intake", plan);
}

}  // namespace

int RunIntake(const GlobalOptions& global) {
  Context context(global);
  if (global.dry_run) return PrintIntakePlan(&context);
  context.RequireOnlyRootWrites();
  Host* host = context.host();
  host->report = EventPrinter(global);
  // One object for all of them is printed at the end.
  GlobalOptions each = global;
  each.json = false;
  IntakeOptions options;
  if (!context.config().unpack.owner.empty()) {
    options.owner = ResolveOwner(context.config().unpack.owner);
  }
  options.reason = [](const Taken& taken) { return TakenJson(taken) + "\n"; };
  options.told = [&each](const Taken& taken) {
    Say(each, fmt::format("upload {}:", Quoted(taken.upload)));
    PrintOutcome(each, taken.outcome);
  };
  const std::vector<Taken> taken = TakeUploads(host, options);
  const Exit exit = GravestExit(taken);
  if (global.json) PrintJson(IntakeJson(taken));
  if (taken.empty()) Say(global, "no upload lies ready");
  return static_cast<int>(exit);
}

}  // namespace release
