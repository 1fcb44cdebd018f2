#include "cli/adopt_command.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "adopt/adoption.h"
#include "adopt/foreign_directory.h"
#include "cli/change_commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "deploy/operations.h"
#include "os/posix_fs.h"
#include "os/startup.h"
#include "store/layout.h"

namespace release {
namespace {

AdoptOptions MakeOptions(const InitOptions& options, Fs* machine) {
  AdoptOptions adopt;
  adopt.machine = machine;
  if (!options.version.empty()) {
    adopt.version = Version::ParseOrThrow(options.version);
  }
  for (const std::string& name : options.leave_out) {
    adopt.leave_out.insert(Version::ParseOrThrow(name));
  }
  return adopt;
}

bool HasLayout(Fs* fs) {
  try {
    RequireLayout(fs);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// The plan of --from while the directory is not in the root yet. PlanAdoption
// can only read a deployment that is there.
int PlanFromOutside(const GlobalOptions& global, const Config& config,
                    const ForeignDirectory& foreign,
                    const AdoptOptions& adopt) {
  return PrintPlan(
      global, CommandId::kInit,
      {fmt::format("make the layout in {}", config.root), foreign.Describe(),
       fmt::format("hash {} and record it as good, as {}", kCurrent,
                   adopt.version ? ReleasePath(*adopt.version)
                                 : fmt::format("{}/TIME", kReleases)),
       fmt::format("let {0} become that release and put a link to it in its "
                   "place, in one step",
                   kCurrent),
       "leave the service alone: it uses the same files as before"});
}

// Plans the adoption before it makes the layout, so that a deployment that
// cannot be adopted is refused without a trace in the root.
int AdoptInRoot(const GlobalOptions& global, const AdoptOptions& adopt) {
  Session session(global);
  DeployContext* context = Speaking(&session);
  if (global.dry_run) {
    return PrintPlan(global, CommandId::kInit,
                     DescribeAdoption(context, adopt));
  }
  if (!HasLayout(context->fs)) {
    PlanAdoption(context, ReadForeignStanding(context->fs), adopt);
    InitializeLayout(context->fs);
  }
  session.CountReads();
  return PrintOutcome(global, Adopt(context, adopt));
}

}  // namespace

int RunAdopt(const GlobalOptions& global, const InitOptions& options) {
  // `current` and --from may lead outside the root.
  PosixFs machine("/");
  const AdoptOptions adopt = MakeOptions(options, &machine);
  if (options.from.empty()) return AdoptInRoot(global, adopt);
  const Config config = LoadConfig(global);
  const ForeignDirectory foreign(&machine, AbsolutePath(options.from),
                                 config.root);
  // False if an interrupted run has moved the directory already; the adoption
  // then goes on in the root.
  const bool in_place = foreign.Examine() == ForeignDirectory::Where::kInPlace;
  if (in_place && global.dry_run) {
    return PlanFromOutside(global, config, foreign, adopt);
  }
  if (in_place) {
    MakeRoot(config.root);
    Session session(global);
    foreign.Move(Speaking(&session)->fs);
  }
  return AdoptInRoot(global, adopt);
}

}  // namespace release
