#include "cli/change_commands.h"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <utility>

#include "base/text.h"
#include "cli/adopt_command.h"
#include "cli/context.h"
#include "cli/json.h"
#include "cli/output.h"
#include "deploy/notices.h"
#include "deploy/operations.h"
#include "deploy/plan.h"
#include "deploy/standing.h"
#include "os/background.h"
#include "os/identity.h"
#include "os/input.h"
#include "trust/checksum_file.h"
#include "trust/evidence_file.h"

namespace release {
namespace {

std::optional<Version> OptionalVersion(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return Version::ParseOrThrow(name);
}

std::optional<ExpectedChecksum> ChecksumFor(const DeployOptions& options) {
  if (!options.sha256.empty()) {
    const auto sha256 = ParseSha256(options.sha256);
    if (!sha256) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("cannot use {} as --sha256: it must be 64 hex "
                              "digits",
                              Quoted(options.sha256)));
    }
    return ExpectedChecksum{*sha256, "--sha256"};
  }
  if (options.archive == "-") return std::nullopt;
  return ChecksumBeside(options.archive);
}

// It goes into records that must have room for it on a full disk.
void CheckReason(const std::string& reason) {
  constexpr std::size_t kMaxReason = 1024;
  if (reason.size() <= kMaxReason) return;
  throw Error(ErrorCode::kUsage,
              fmt::format("cannot keep a --reason of {} bytes: it may have {}",
                          reason.size(), kMaxReason));
}

// What was named, else what lies beside the archive.
Evidence EvidenceFor(const DeployOptions& options) {
  Evidence evidence = options.evidence;
  if (!options.attestation.empty()) {
    evidence.attestation = ReadEvidence(options.attestation);
  }
  if (!options.signature.empty()) {
    evidence.signature = ReadEvidence(options.signature);
  }
  if (evidence.any() || options.archive == "-") return evidence;
  return EvidenceBeside(options.archive);
}

Offer MakeOffer(const Context& context, const DeployOptions& options) {
  Offer offer;
  offer.version = OptionalVersion(options.version);
  offer.strip_components = options.strip_components;
  const bool stream = options.archive == "-";
  if (!stream) {
    offer.file_name = options.archive.substr(options.archive.rfind('/') + 1);
  }
  offer.name = stream ? "standard input" : options.archive;
  if (!context.config().unpack.owner.empty()) {
    offer.owner = ResolveOwner(context.config().unpack.owner);
  }
  // Opened and looked at inside the transaction, so that what is wrong with
  // them is recorded as a refusal.
  auto input = std::make_shared<std::optional<Input>>();
  offer.open = [input, options](Offer* opened) {
    opened->checksum = ChecksumFor(options);
    opened->evidence = EvidenceFor(options);
    input->emplace(options.archive == "-" ? Input::Stdin()
                                          : Input::Open(options.archive));
    opened->size = (*input)->Size();
    opened->source = [input](std::span<char> buffer) {
      return (*input)->Read(buffer);
    };
  };
  return offer;
}

int Finish(const GlobalOptions& global, const Outcome& outcome) {
  return PrintOutcome(global, outcome);
}

// Deletes what retention set aside, in a process of its own where that is
// possible. Whoever called has been told the outcome, and need not wait.
void DeleteSetAside(Host* host) {
  // What fails here is a warning: the outcome has been told.
  if (!MayHaveTrash(host->fs)) return;
  const auto work = [host] {
    return DeleteTrash(host->fs, host->ThreadsFor(kRemoveThreads));
  };
  // With one thread to do all there is one process, too.
  if (host->threads > 1 && RunInBackground(work)) return;
  for (const std::string& failure : work()) {
    host->report({.kind = Event::Kind::kWarning, .text = failure});
  }
}

// The same for a command after which old releases may go.
int FinishAndDelete(Host* host, const GlobalOptions& global,
                    const std::function<Outcome()>& run) {
  host->deletes_later = true;
  const int status = Finish(global, run());
  DeleteSetAside(host);
  return status;
}

// Of a command that only tells the running transaction something.
int FinishTelling(Context* context, const std::string& command,
                  std::uint64_t transaction) {
  const GlobalOptions& global = context->options();
  if (global.dry_run) {
    return PrintPlan(global, command,
                     {fmt::format("{} transaction {}", command, transaction)});
  }
  if (global.json) {
    Outcome outcome;
    outcome.command = command;
    outcome.result = "told";
    outcome.transaction = transaction;
    outcome.current = ReadStanding(context->fs()).CurrentName();
    outcome.previous = outcome.current;
    PrintJson(OutcomeJson(outcome));
  }
  Say(global, fmt::format("told transaction {}: {}", transaction, command));
  return 0;
}

}  // namespace

Host* Speaking(Context* context) {
  context->RequireOnlyRootWrites();
  context->host()->report = EventPrinter(context->options());
  return context->host();
}

int RunDeploy(const GlobalOptions& global, const DeployOptions& options) {
  Context context(global);
  Host* host = Speaking(&context);
  Offer offer = MakeOffer(context, options);
  if (global.dry_run) {
    return PrintPlan(global, options.activates ? "deploy" : "stage",
                     PlanDeploy(host, std::move(offer), options.activates));
  }
  if (!options.activates) return Finish(global, Stage(host, std::move(offer)));
  return FinishAndDelete(host, global, [&] {
    return Deploy(host, std::move(offer), options.confirm_within);
  });
}

int RunActivate(const GlobalOptions& global, const ActivateOptions& options) {
  const Version version = Version::ParseOrThrow(options.version);
  Context context(global);
  Host* host = Speaking(&context);
  if (global.dry_run) {
    return PrintPlan(global, "activate", PlanActivate(host, version));
  }
  return FinishAndDelete(host, global, [&] {
    return Activate(host, version, options.confirm_within);
  });
}

int RunRollback(const GlobalOptions& global, const RollbackOptions& options) {
  CheckReason(options.reason);
  const auto version = OptionalVersion(options.version);
  Context context(global);
  Host* host = Speaking(&context);
  if (global.dry_run) {
    return PrintPlan(global, "rollback", PlanRollback(host, version));
  }
  return Finish(global, Rollback(host, version, options.reason));
}

int RunPrune(const GlobalOptions& global) {
  Context context(global);
  Host* host = Speaking(&context);
  if (global.dry_run) return PrintPlan(global, "prune", PlanPrune(host));
  return Finish(global, Prune(host));
}

int RunPin(const GlobalOptions& global, const PinOptions& options) {
  const Version version = Version::ParseOrThrow(options.version);
  Context context(global);
  Host* host = Speaking(&context);
  if (global.dry_run) {
    return PrintPlan(global, options.pinned ? "pin" : "unpin",
                     PlanPin(host, version, options.pinned));
  }
  return Finish(global, Pin(host, version, options.pinned));
}

int RunRecover(const GlobalOptions& global, const RecoverOptions& options) {
  Context context(global);
  Host* host = Speaking(&context);
  if (global.dry_run) return PrintPlan(global, "recover", PlanRecover(host));
  return Finish(global, RecoverNow(host, !options.no_service));
}

int RunConfirm(const GlobalOptions& global) {
  Context context(global);
  return FinishTelling(&context, "confirm",
                       global.dry_run ? RunningTransaction(context.fs())
                                      : Confirm(context.fs()));
}

int RunAbort(const GlobalOptions& global) {
  Context context(global);
  return FinishTelling(
      &context, "abort",
      global.dry_run ? RunningTransaction(context.fs()) : Abort(context.fs()));
}

int RunNotify(const GlobalOptions& global, const NotifyOptions& options) {
  Context context(global);
  RequireLayout(context.fs());
  const Which which = options.due ? Which::kDue : Which::kAll;
  if (global.dry_run) {
    std::vector<std::string> steps;
    for (const OutboxEntry& entry : FindWaiting(context.host(), which)) {
      steps.push_back(
          fmt::format("deliver the notice of transaction {} to the "
                      "{}",
                      entry.transaction, entry.channel));
    }
    return PrintPlan(global, "notify", steps);
  }
  const auto deliveries = DeliverWaiting(Speaking(&context), which);
  if (global.json) PrintJson(NotifyJson(deliveries));
  if (deliveries.empty()) Say(global, "no notice is to be delivered");
  bool ok = true;
  for (const Delivery& delivery : deliveries) {
    ok = ok && delivery.reason.empty();
    Say(global,
        fmt::format("the notice of transaction {} to the {}: {}",
                    delivery.entry.transaction, delivery.entry.channel,
                    delivery.dropped ? "dropped, it is not configured"
                    : delivery.reason.empty()
                        ? "delivered"
                        : "not delivered: " + Printable(delivery.reason)));
  }
  return static_cast<int>(ok ? Exit::kDone : Exit::kFailed);
}

int RunInit(const GlobalOptions& global, const InitOptions& options) {
  if (options.adopt) return RunAdopt(global, options);
  const Config config = LoadConfig(global);
  if (global.dry_run) {
    return PrintPlan(global, "init",
                     {fmt::format("make the layout in {}", config.root)});
  }
  MakeRoot(config.root);
  PosixFs fs(config.root);
  const bool made = InitializeLayout(&fs);
  Outcome outcome;
  outcome.command = "init";
  outcome.result = made ? "committed" : "unchanged";
  outcome.current = ReadStanding(&fs).CurrentName();
  outcome.previous = outcome.current;
  if (global.json) PrintJson(OutcomeJson(outcome));
  Say(global, made ? fmt::format("made the layout in {}", config.root)
                   : fmt::format("the layout is in {} already", config.root));
  return 0;
}

}  // namespace release
