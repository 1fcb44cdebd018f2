#include "cli/change_commands.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "cli/adopt_command.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/progress_display.h"
#include "cli/session.h"
#include "cli/tables.h"
#include "deploy/deployment_state.h"
#include "deploy/drain.h"
#include "deploy/notices.h"
#include "deploy/operations.h"
#include "deploy/plan.h"
#include "inspect/unit_drop_ins.h"
#include "os/background.h"
#include "os/identity.h"
#include "os/input.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/root_safety.h"
#include "store/unremovable.h"

namespace release {
namespace {

std::optional<Version> OptionalVersion(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return Version::ParseOrThrow(name);
}

std::optional<OwnerIds> ConfiguredOwner(const Config& config) {
  if (config.unpack.owner.empty()) return std::nullopt;
  return ResolveOwner(config.unpack.owner);
}

// The reason is written into a preallocated record, which has limited space and
// must suffice on a full disk.
void CheckReason(const std::string& reason) {
  constexpr std::size_t kMaxReason = 1024;
  if (reason.size() <= kMaxReason) return;
  throw Error(ErrorCode::kUsage,
              fmt::format("cannot keep a --reason of {} bytes: it may have {}",
                          reason.size(), kMaxReason));
}

ArchiveRequest MakeArchiveRequest(const Session& session,
                                  const DeployOptions& options) {
  ArchiveRequest request;
  request.version = OptionalVersion(options.version);
  request.strip_components = options.strip_components;
  request.sha256 = options.sha256;
  request.evidence = options.evidence;
  request.attestation_path = options.attestation;
  request.signature_path = options.signature;
  if (options.archive == "-") {
    request.location = ArchiveRequest::Location::kDescriptor;
    request.descriptor = kStandardInput;
    request.name = "standard input";
  } else {
    request.name = options.archive;
    // A version may be taken from the name without its directory.
    request.file_name = HostPath(options.archive).filename().string();
  }
  request.owner = ConfiguredOwner(session.config());
  return request;
}

// Deletes the trees that retention set aside, in a background process if
// possible: the outcome has been printed, so the caller need not wait.
void DeleteSetAside(DeployContext* context) {
  if (!MayHaveTrash(context->fs)) return;
  const auto delete_trash = [context] {
    return DeleteTrash(context->fs, context->ThreadsFor(kRemoveThreads));
  };
  // RELEASE_THREADS=1 also asks for a single process.
  if (context->threads > 1 && RunInBackground(delete_trash)) return;
  // A failure is only a warning: the outcome stands, and the next command that
  // collects garbage tries again.
  for (const std::string& failure :
       TakeUnreported(context->fs, delete_trash())) {
    context->report({.kind = ProgressEvent::Kind::kWarning, .text = failure});
  }
}

// Has retention only set trees aside, for FinishAndDelete to delete.
DeployContext* DeletingLater(DeployContext* context) {
  context->deletes_later = true;
  return context;
}

// Finishes a command that changes what is live: prints the outcome first, then
// ends idle instances and deletes the trees that were set aside.
int FinishAndDelete(DeployContext* context, const GlobalOptions& global,
                    const Outcome& outcome) {
  const int status = PrintOutcome(global, outcome);
  EndIdleInstances(context);
  DeleteSetAside(context);
  return status;
}

// Finishes `confirm` or `abort`, which only leave a mark for the running
// transaction.
int FinishTelling(Session* session, CommandId command,
                  std::uint64_t transaction) {
  const GlobalOptions& global = session->options();
  if (global.dry_run) {
    return PrintPlan(
        global, command,
        {fmt::format("{} transaction {}", CommandName(command), transaction)});
  }
  if (global.json) {
    Outcome outcome;
    outcome.command = command;
    outcome.result = Result::kTold;
    outcome.transaction = transaction;
    outcome.current = ReadDeploymentState(session->fs()).CurrentName();
    outcome.previous = outcome.current;
    PrintJson(OutcomeJson(global.subject, outcome));
  }
  Say(global, fmt::format("asked transaction {} to {}", transaction,
                          command == CommandId::kConfirm ? "keep its release"
                                                         : "undo and stop"));
  return 0;
}

// A table of what would go, below what would be settled before it.
int PrintPrunePlan(const GlobalOptions& global, const PrunePlan& plan) {
  if (global.json || plan.removals.empty()) {
    return PrintPlan(global, CommandId::kPrune, plan.Steps());
  }
  if (!plan.settling.empty()) {
    PrintPlan(global, CommandId::kPrune, plan.settling);
    PrintText("\n");
  }
  PrintText(RemovalsText(plan.removals, OutScreen(global, /*now=*/0)));
  return 0;
}

}  // namespace

void EndIdleInstances(DeployContext* context) {
  if (!context->leaves_idle) return;
  const auto drain = [context] { DrainByUnit(context); };
  if (RunInBackground(drain)) return;
  try {
    drain();
  } catch (const std::exception& error) {
    // The outcome stands, and the next transaction drains again.
    context->report(
        {.kind = ProgressEvent::Kind::kWarning, .text = error.what()});
  }
}

DeployContext* Speaking(Session* session) {
  session->RequireOnlyRootWrites();
  DeployContext* context = session->context();
  context->report = EventPrinter(session->options(), context->bytes);
  return context;
}

int RunDeploy(const GlobalOptions& global, const DeployOptions& options) {
  Session session(global);
  DeployContext* context = Speaking(&session);
  ArchiveRequest request = MakeArchiveRequest(session, options);
  if (global.dry_run) {
    return options.activates
               ? PrintPlan(
                     global, CommandId::kDeploy,
                     PlanDeploy(context, std::move(request), options.rollout))
               : PrintPlan(global, CommandId::kStage,
                           PlanStage(context, std::move(request)));
  }
  if (!options.activates) {
    return PrintOutcome(global,
                        Stage(context, std::move(request), options.rollout));
  }
  return FinishAndDelete(context, global,
                         Deploy(DeletingLater(context), std::move(request),
                                {.confirm_within = options.confirm_within,
                                 .irreversible = options.irreversible,
                                 .rollout = options.rollout,
                                 .manifest_sha256 = ""}));
}

int RunActivate(const GlobalOptions& global, const ActivateOptions& options) {
  const Version version = Version::ParseOrThrow(options.version);
  const ActivationTerms terms{.confirm_within = options.confirm_within,
                              .irreversible = options.irreversible,
                              .rollout = options.rollout,
                              .manifest_sha256 = options.manifest_sha256};
  Session session(global);
  DeployContext* context = Speaking(&session);
  if (global.dry_run) {
    return PrintPlan(global, CommandId::kActivate,
                     PlanActivate(context, version, terms));
  }
  return FinishAndDelete(context, global,
                         Activate(DeletingLater(context), version, terms));
}

int RunRollback(const GlobalOptions& global, const RollbackOptions& options) {
  CheckReason(options.reason);
  const auto version = OptionalVersion(options.version);
  if (version && !options.rollout.id.empty()) {
    throw Error(ErrorCode::kUsage,
                "cannot roll back to a release and undo a rollout at once: "
                "leave out the version or --rollout");
  }
  Session session(global);
  DeployContext* context = Speaking(&session);
  const PastIrreversible past =
      options.yes ? PastIrreversible::kAllowed : PastIrreversible::kRefused;
  if (global.dry_run) {
    return PrintPlan(global, CommandId::kRollback,
                     PlanRollback(context, version, past, options.rollout));
  }
  return FinishAndDelete(context, global,
                         Rollback(context, version, options.reason,
                                  options.unchecked ? RollbackProof::kUnchecked
                                                    : RollbackProof::kRequired,
                                  past, options.rollout));
}

int RunRestart(const GlobalOptions& global) {
  Session session(global);
  DeployContext* context = Speaking(&session);
  if (global.dry_run) {
    return PrintPlan(global, CommandId::kRestart, PlanRestart(context));
  }
  return FinishAndDelete(context, global, Restart(DeletingLater(context)));
}

int RunPrune(const GlobalOptions& global) {
  Session session(global);
  DeployContext* context = Speaking(&session);
  if (global.dry_run) return PrintPrunePlan(global, PlanPrune(context));
  return PrintOutcome(global, Prune(context));
}

int RunPin(const GlobalOptions& global, const PinOptions& options) {
  const Version version = Version::ParseOrThrow(options.version);
  Session session(global);
  DeployContext* context = Speaking(&session);
  if (global.dry_run) {
    return options.pinned
               ? PrintPlan(global, CommandId::kPin, PlanPin(context, version))
               : PrintPlan(global, CommandId::kUnpin,
                           PlanUnpin(context, version));
  }
  return PrintOutcome(
      global, options.pinned ? Pin(context, version) : Unpin(context, version));
}

int RunRecover(const GlobalOptions& global, const RecoverOptions& options) {
  Session session(global);
  DeployContext* context = Speaking(&session);
  if (global.dry_run)
    return PrintPlan(global, CommandId::kRecover, PreviewRecovery(context));
  return PrintOutcome(
      global, RecoverNow(context, options.no_service ? WithService::kNo
                                                     : WithService::kYes));
}

int RunConfirm(const GlobalOptions& global) {
  Session session(global);
  session.RequireOnlyRootWrites();
  return FinishTelling(
      &session, CommandId::kConfirm,
      global.dry_run ? FindForConfirm(session.fs()) : Confirm(session.fs()));
}

int RunAbort(const GlobalOptions& global) {
  Session session(global);
  session.RequireOnlyRootWrites();
  return FinishTelling(
      &session, CommandId::kAbort,
      global.dry_run ? FindForAbort(session.fs()) : Abort(session.context()));
}

int RunNotify(const GlobalOptions& global, const NotifyOptions& options) {
  Session session(global);
  RequireLayout(session.fs());
  const NoticeSelection which =
      options.due ? NoticeSelection::kDue : NoticeSelection::kAll;
  if (global.dry_run) {
    std::vector<std::string> steps;
    for (const OutboxEntry& entry : FindWaiting(session.context(), which)) {
      steps.push_back(
          fmt::format("deliver the notice of transaction {} to the "
                      "{}",
                      entry.transaction, entry.channel));
    }
    return PrintPlan(global, CommandId::kNotify, steps);
  }
  const auto deliveries = DeliverWaiting(Speaking(&session), which);
  if (global.json) PrintJson(NotifyJson(global.subject, deliveries));
  if (deliveries.empty()) Say(global, "no notice is to be delivered");
  bool ok = true;
  for (const Delivery& delivery : deliveries) {
    ok = ok && !delivery.reason;
    Say(global, fmt::format("the notice of transaction {} to the {}: {}",
                            delivery.entry.transaction, delivery.entry.channel,
                            delivery.dropped  ? "dropped, it is not configured"
                            : delivery.reason ? "not delivered: " +
                                                    Printable(*delivery.reason)
                                              : "delivered"));
  }
  return static_cast<int>(ok ? Exit::kDone : Exit::kFailed);
}

int RunInit(const GlobalOptions& global, const InitOptions& options) {
  if (options.adopt) return RunAdopt(global, options);
  // A Session cannot be opened here: it needs a root that exists.
  const Config config = LoadConfig(global);
  RequireSafeRoot(config.root);
  // Refuses an owner that does not exist while nothing has changed.
  const auto owner =
      SharedPaths(config).empty() ? std::nullopt : ConfiguredOwner(config);
  if (global.dry_run) {
    return PrintPlan(global, CommandId::kInit,
                     {fmt::format("make the layout in {}", config.root)});
  }
  MakeRoot(config.root);
  PosixFs fs(config.root);
  const bool made = InitializeLayout(&fs);
  const std::vector<std::string> files = MakeShared(&fs, config, owner);
  Outcome outcome;
  outcome.command = CommandId::kInit;
  outcome.result =
      made || !files.empty() ? Result::kCommitted : Result::kUnchanged;
  outcome.current = ReadDeploymentState(&fs).CurrentName();
  outcome.previous = outcome.current;
  for (const std::string& path : files) {
    outcome.warnings.push_back(SharedPath(path) +
                               " was made empty: fill it in");
  }
  if (global.json) PrintJson(OutcomeJson(global.subject, outcome));
  Say(global, made ? fmt::format("made the layout in {}", config.root)
                   : fmt::format("the layout is in {} already", config.root));
  for (const std::string& warning : outcome.warnings) Say(global, warning);
  if (made && !NeededDropIns(config).empty()) {
    Say(global,
        "before you enable systemd units of release for this app: `release "
        "check --units` prints the drop-ins that they need");
  }
  return 0;
}

}  // namespace release
