#include "cli/progress_display.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/units.h"
#include "cli/json.h"
#include "cli/output.h"
#include "os/startup.h"
#include "os/terminal.h"

namespace release {
namespace {

using Kind = ProgressEvent::Kind;
using std::chrono::milliseconds;

constexpr Nanoseconds kDelay = milliseconds(300);
constexpr Nanoseconds kRedraw = milliseconds(200);
constexpr Nanoseconds kJsonPeriod = std::chrono::seconds(1);
// A shorter step is not worth a line. The total has it.
constexpr double kLeastShown = 0.01;
// Moves to the first column and clears the line.
constexpr char kClearLine[] = "\r\x1b[K";

bool IsStep(const ProgressEvent& event) {
  return event.kind == Kind::kStepBegun || event.kind == Kind::kStepDone;
}

std::string StepName(const ProgressEvent& event) {
  const bool undo = event.phase == StepPhase::kUndo && IsStep(event);
  return (undo ? "undo " : "") + PrintableLines(event.text);
}

// Work that belongs to no transaction has the number 0.
nlohmann::json NullableNumber(std::uint64_t number) {
  return number == 0 ? nlohmann::json(nullptr) : nlohmann::json(number);
}

std::string EventJson(const ProgressEvent& event) {
  constexpr const char* kNames[] = {"step-begun", "step", "remark", "warning"};
  nlohmann::json object = {{"event", kNames[static_cast<int>(event.kind)]},
                           {"transaction", NullableNumber(event.transaction)}};
  object[IsStep(event) ? "name" : "message"] = event.text;
  if (event.kind == Kind::kStepDone) object["seconds"] = event.seconds;
  if (IsStep(event) && event.phase == StepPhase::kUndo) object["undo"] = true;
  return JsonText(object) + "\n";
}

std::string BytesJson(const ProgressEvent& step, const StepProgress& progress) {
  return JsonText({{"event", "bytes"},
                   {"transaction", NullableNumber(step.transaction)},
                   {"name", step.text},
                   {"bytes", progress.bytes},
                   {"total", progress.total == 0
                                 ? nlohmann::json(nullptr)
                                 : nlohmann::json(progress.total)}}) +
         "\n";
}

Nanoseconds WholeSeconds(double seconds) {
  return SecondsSaturated(static_cast<std::int64_t>(seconds + 0.5));
}

// "45.2 MiB of 300.0 MiB, 15 %, 33.0 MiB/s, 8.0 s left".
std::string BytesWords(const StepProgress& progress) {
  const double seconds =
      std::chrono::duration<double>(progress.elapsed).count();
  const double rate =
      seconds > 0 ? static_cast<double>(progress.bytes) / seconds : 0;
  std::string text = FormatSize(progress.bytes);
  if (progress.total >= progress.bytes && progress.total > 0) {
    text += fmt::format(" of {}, {} %", FormatSize(progress.total),
                        progress.bytes * 100 / progress.total);
  }
  text += fmt::format(", {}/s", FormatSize(static_cast<std::uint64_t>(rate)));
  if (progress.total > progress.bytes && rate > 0) {
    const auto left = static_cast<double>(progress.total - progress.bytes);
    const Nanoseconds time = WholeSeconds(left / rate);
    if (time > Nanoseconds::zero()) {
      text += fmt::format(", {} left", FormatDuration(time));
    }
  }
  return text;
}

}  // namespace

std::string ProgressText(const StepProgress& progress, const Screen& screen) {
  std::string words;
  if (progress.bytes > 0) {
    words = BytesWords(progress);
  } else if (progress.limit > progress.elapsed) {
    words = fmt::format("{}, at most {} left", FormatDuration(progress.elapsed),
                        FormatDuration(progress.limit - progress.elapsed));
  } else {
    words = FormatDuration(progress.elapsed);
  }
  // The last column stays free: a full line would break there.
  return Cut(screen, fmt::format("  {:<14} {}", progress.name, words),
             screen.columns.value_or(80) - 1);
}

ProgressDisplay::ProgressDisplay(const GlobalOptions& options, ByteCount* bytes,
                                 const Screen& screen)
    : options_(options),
      bytes_(bytes),
      form_(options.progress_json ? Form::kJson
            : options.quiet       ? Form::kNone
                                  : Form::kWords),
      screen_(screen) {}

void ProgressDisplay::Take(const ProgressEvent& event) {
  if (form_ == Form::kNone) return;
  if (event.kind == Kind::kStepDone) End();
  Print(form_ == Form::kJson ? EventJson(event) : Words(event));
  if (event.kind == Kind::kStepBegun) Begin(event);
}

void ProgressDisplay::Begin(const ProgressEvent& event) {
  End();  // a step whose end was not reported
  step_ = event;
  start_ = std::chrono::steady_clock::now();
  bytes_->Begin(0);
  if (form_ == Form::kWords && !screen_.columns) return;
  // RELEASE_THREADS=1 asks for a single thread.
  if (Environment("RELEASE_THREADS") == "1") return;
  const Nanoseconds period = form_ == Form::kJson ? kJsonPeriod : kRedraw;
  ticker_ = std::make_unique<Ticker>(form_ == Form::kJson ? period : kDelay,
                                     period, [this] { Tick(); });
}

void ProgressDisplay::End() {
  ticker_.reset();
  if (drawn_) WriteErr(kClearLine);
  drawn_ = false;
}

void ProgressDisplay::Tick() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const StepProgress progress = Progress();
  if (form_ == Form::kJson) {
    if (progress.bytes > 0) WriteErr(BytesJson(step_, progress));
    return;
  }
  // The terminal may have been resized since the command began.
  Screen screen = screen_;
  if (const auto columns = TerminalColumns(OutputStream::kErr)) {
    screen.columns = columns;
  }
  WriteErr(kClearLine + ProgressText(progress, screen));
  drawn_ = true;
}

StepProgress ProgressDisplay::Progress() const {
  return {.name = StepName(step_),
          .elapsed = std::chrono::steady_clock::now() - start_,
          .limit = step_.limit,
          .bytes = bytes_->done,
          .total = bytes_->total};
}

void ProgressDisplay::Print(const std::string& line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (line.empty()) return;
  WriteErr((drawn_ ? kClearLine : "") + line);
  drawn_ = false;
}

std::string ProgressDisplay::Words(const ProgressEvent& event) const {
  switch (event.kind) {
    case Kind::kStepBegun:
      return options_.verbose ? fmt::format("  {} ...\n", StepName(event)) : "";
    case Kind::kStepDone:
      if (event.seconds < kLeastShown && !options_.verbose) return "";
      return fmt::format("  {:<14} {}\n", StepName(event),
                         FormatSeconds(event.seconds));
    case Kind::kRemark:
      return fmt::format("  {}\n",
                         PrintableLines(WithApp(options_.app, event.text)));
    case Kind::kWarning:
      break;
  }
  return fmt::format("{} {}\n", Label(options_, "warning:", "33"),
                     PrintableLines(WithApp(options_.app, event.text)));
}

std::function<void(const ProgressEvent&)> EventPrinter(
    const GlobalOptions& options, ByteCount* bytes) {
  const Screen screen{.columns = TerminalColumns(OutputStream::kErr),
                      .charset = LocaleIsUtf8() ? Screen::Charset::kUtf8
                                                : Screen::Charset::kAscii};
  const auto display =
      std::make_shared<ProgressDisplay>(options, bytes, screen);
  return [display](const ProgressEvent& event) { display->Take(event); };
}

}  // namespace release
