#include "service/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/error.h"
#include "base/instance_names.h"
#include "base/text.h"
#include "base/units.h"
#include "os/cancellation.h"
#include "os/safe_command.h"
#include "service/last_lines.h"

namespace release {
namespace {

constexpr std::size_t kBodyShown = 200;  // bytes of it, in messages
// The least time that a probe gets, however near the deadline is.
constexpr Nanoseconds kLastProbe = std::chrono::milliseconds(500);

// Characters that a version may have between its parts.
bool JoinsWords(char c) {
  return c == '.' || c == '_' || c == '+' || c == '~' || c == '-';
}

// Returns whether the text at `begin` is the tail of a longer version. A letter
// directly before a digit does not count: people write "v1.4.2".
bool BeginsEarlier(std::string_view body, std::size_t begin) {
  if (begin == 0) return false;
  const char before = body[begin - 1];
  if (!IsDigit(body[begin])) return IsAlnum(before);
  if (before != '.') return IsDigit(before);
  return begin >= 2 && IsAlnum(body[begin - 2]);
}

// Returns whether a version that ends at `end` goes on there. A joining
// character counts only if a letter or digit follows: "1.4.2." ends a sentence,
// "1.4.2.1" is another version.
bool EndsLater(std::string_view body, std::size_t end) {
  if (end == body.size()) return false;
  if (!JoinsWords(body[end])) return IsAlnum(body[end]);
  return end + 1 < body.size() && IsAlnum(body[end + 1]);
}

// Returns `text` with the version in place of each "{version}".
std::string Replaced(std::string_view text, std::string_view version) {
  return WithMark(text, "{version}", version);
}

// An app may report the version that it was built as, which a restart of the
// release does not change. Which process answers is the concern of the running
// check and of the listener's check.
bool BodyFits(std::string_view body, std::string_view expected,
              const HookContext& hook_context) {
  return BodyMatches(body, expected, hook_context.version) ||
         (!hook_context.restart_of.empty() &&
          BodyMatches(body, expected, hook_context.restart_of));
}

Reason ProbeHttp(const HealthConfig& config, Http* http,
                 const HookContext& hook_context, Nanoseconds timeout) {
  const ProbeAddress address = ParseProbeUrl(config.url);
  HttpRequest request;
  request.url = address.url;
  request.unix_socket = address.unix_socket;
  request.timeout = timeout;
  const HttpResponse response = http->Send(request);
  // Status 0: the server gave no HTTP response at all.
  if (response.status == 0) return "no answer: " + response.error;
  const auto status = static_cast<unsigned>(response.status);
  const std::string answer = fmt::format(
      "status {}, body {}", status,
      Quoted(std::string_view(response.body).substr(0, kBodyShown)));
  if (status < config.status_low || status > config.status_high) return answer;
  if (!BodyFits(response.body, config.expect_body, hook_context)) {
    return fmt::format(
        "{}, without {}", answer,
        Quoted(Replaced(config.expect_body, hook_context.version)));
  }
  return std::nullopt;
}

// `address` is "HOST:PORT"; an IPv6 host stands in brackets.
Reason ProbeTcp(const std::string& address, Http* http, Nanoseconds timeout) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  int port = 0;
  if (colon != address.npos) {
    std::from_chars(address.data() + colon + 1, address.data() + address.size(),
                    port);
  }
  Reason problem = http->Connect(host, port, timeout);
  if (problem) problem->insert(0, "no connection: ");
  return problem;
}

Reason RunProbe(Command command, Runner* runner, Nanoseconds timeout) {
  command.timeout = timeout;
  const CommandResult result = runner->Run(command);
  if (result.ok()) return std::nullopt;
  return fmt::format("{}: {}{}", Escaped(command.argv[0]), result.Describe(),
                     LastLines(result.output, 5));
}

std::string ProbeTarget(const HealthConfig& config) {
  if (!config.url.empty()) return config.url;
  if (!config.tcp.empty()) return config.tcp;
  return config.command.empty() ? "the service" : config.command[0];
}

// The arguments of AwaitHealthy, and its two phases: AwaitGood until the first
// good answer, StayGood from then on. In the second phase a single bad answer
// fails: a service that flaps is not healthy.
struct HealthProber {
  void AwaitGood() const;
  void StayGood() const;
  Reason Look(Nanoseconds timeout) const;
  [[noreturn]] void Fail(ErrorCode code, const std::string& how,
                         const std::string& problem) const;

  const HealthConfig& config;
  const System& system;
  const HookContext& hook_context;
  const HealthWatch& watch;
  Waiter* waiter;
};

Reason HealthProber::Look(Nanoseconds timeout) const {
  ThrowIfCancelled();
  watch.alive();
  RequireSafeForRoot("[healthcheck] command",
                     ProbeCommand(config, hook_context),
                     hook_context.Releases());
  return Probe(config, system, hook_context, timeout);
}

void HealthProber::AwaitGood() const {
  const Nanoseconds deadline = AddSaturated(waiter->Now(), config.deadline);
  for (;;) {
    // A probe that begins just before the deadline still gets kLastProbe;
    // otherwise it would fail for lack of time and tell nothing.
    const Nanoseconds left =
        std::max<Nanoseconds>(deadline - waiter->Now(), kLastProbe);
    const Reason problem = Look(std::min(left, config.timeout));
    if (!problem) return;
    if (waiter->Now() >= deadline) {
      Fail(ErrorCode::kHealthDeadline,
           "gave no good answer within " + FormatDuration(config.deadline),
           *problem);
    }
    waiter->Pause(std::min(config.interval, deadline - waiter->Now()));
  }
}

void HealthProber::StayGood() const {
  const Nanoseconds start = waiter->Now();
  const Nanoseconds end = AddSaturated(start, config.min_healthy_time);
  while (waiter->Now() < end) {
    waiter->Pause(std::min(config.interval, end - waiter->Now()));
    const Reason problem = Look(config.timeout);
    if (!problem) continue;
    Fail(ErrorCode::kHealthLost,
         "was good for " + FormatDuration(waiter->Now() - start) +
             ", then no more",
         *problem);
  }
}

void HealthProber::Fail(ErrorCode code, const std::string& how,
                        const std::string& problem) const {
  // If a signal interrupted the probe, throw kInterrupted instead: a cut-off
  // probe says nothing about the service.
  ThrowIfCancelled();
  // Throws instead if the service ended during the probe, and that is known
  // already.
  watch.alive();
  const std::string target = ProbeTarget(config);
  throw Error(code,
              fmt::format("cannot confirm that {} is healthy: {} {}; last "
                          "answer: {}{}",
                          hook_context.version, Escaped(target), how, problem,
                          watch.journal()),
              target);
}

}  // namespace

ProbeAddress ParseProbeUrl(const std::string& url) {
  constexpr std::string_view kPrefix = "unix:";
  if (!url.starts_with(kPrefix)) return {url, ""};
  const std::size_t split = url.find(":/", kPrefix.size());
  const std::string path = split == url.npos ? "/" : url.substr(split + 1);
  return {"http://localhost" + path,
          url.substr(kPrefix.size(),
                     split == url.npos ? url.npos : split - kPrefix.size())};
}

bool BodyMatches(std::string_view body, std::string_view expected,
                 std::string_view version) {
  const std::string text = Replaced(expected, version);
  const bool version_first = expected.starts_with("{version}");
  const bool version_last = expected.ends_with("{version}");
  for (std::size_t at = body.find(text); at != body.npos;
       at = body.find(text, at + 1)) {
    const bool longer = (version_first && BeginsEarlier(body, at)) ||
                        (version_last && EndsLater(body, at + text.size()));
    if (!longer) return true;
  }
  return false;
}

Command ProbeCommand(const HealthConfig& config,
                     const HookContext& hook_context) {
  Command command;
  command.argv = config.command;
  command.env = hook_context.Environment();
  command.directory = std::string("/");
  return command;
}

Reason Probe(const HealthConfig& config, const System& system,
             const HookContext& hook_context, Nanoseconds timeout) {
  if (!config.url.empty()) {
    return ProbeHttp(config, system.http, hook_context, timeout);
  }
  if (!config.tcp.empty()) return ProbeTcp(config.tcp, system.http, timeout);
  if (!config.command.empty()) {
    return RunProbe(ProbeCommand(config, hook_context), system.runner, timeout);
  }
  return std::nullopt;
}

void AwaitHealthy(const HealthConfig& config, const System& system,
                  const HookContext& hook_context, const HealthWatch& watch,
                  Waiter* waiter) {
  const HealthProber looks{config, system, hook_context, watch, waiter};
  looks.AwaitGood();
  looks.StayGood();
}

}  // namespace release
