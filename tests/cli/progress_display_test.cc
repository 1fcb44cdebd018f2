#include "cli/progress_display.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "support/command_run.h"

namespace release {
namespace {

using nlohmann::json;
using std::chrono::seconds;

ProgressEvent MakeEvent(ProgressEvent::Kind kind, const std::string& text) {
  return {.kind = kind, .transaction = 7, .text = text, .seconds = 0.25};
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Runs a step that lasts until something was written, if it ever is. Returns
// what was written.
std::string LongStep(const GlobalOptions& options, const Screen& screen) {
  return PrintedBy([&] {
           ByteCount bytes;
           ProgressDisplay display(options, &bytes, screen);
           display.Take(MakeEvent(ProgressEvent::Kind::kStepBegun, "unpack"));
           bytes.Begin(std::uint64_t{4} << 20);
           bytes.Add(std::uint64_t{1} << 20);
           const auto size = [] { return lseek(STDERR_FILENO, 0, SEEK_CUR); };
           const bool draws = screen.columns || options.progress_json;
           // The first time it may have looked before the bytes were added.
           for (int times = 0; draws && times < 2; ++times) {
             const off_t before = size();
             CHECK(Becomes([&] { return size() > before; }));
           }
           display.Take(MakeEvent(ProgressEvent::Kind::kStepDone, "unpack"));
           return 0;
         })
      .err;
}

}  // namespace

TEST_CASE("events are words, JSON lines, or nothing") {
  const auto print = [](const GlobalOptions& options,
                        const ProgressEvent& event) {
    return PrintedBy([&] {
             ByteCount bytes;
             EventPrinter(options, &bytes)(event);
             return 0;
           })
        .err;
  };
  const ProgressEvent begun =
      MakeEvent(ProgressEvent::Kind::kStepBegun, "unpack");
  const ProgressEvent done =
      MakeEvent(ProgressEvent::Kind::kStepDone, "unpack");
  const ProgressEvent warning =
      MakeEvent(ProgressEvent::Kind::kWarning, "old one is in use");
  CHECK(print({}, begun).empty());
  CHECK(print({.verbose = true}, begun) == "  unpack ...\n");
  CHECK(print({}, done) == "  unpack         250 ms\n");
  CHECK(print({}, warning) == "warning: old one is in use\n");
  CHECK(print({.quiet = true}, warning).empty());
  CHECK(json::parse(print({.progress_json = true}, done)) ==
        json{{"event", "step"},
             {"transaction", 7},
             {"name", "unpack"},
             {"seconds", 0.25}});
  ProgressEvent undo = done;
  undo.phase = StepPhase::kUndo;
  CHECK(print({}, undo) == "  undo unpack    250 ms\n");
  CHECK(json::parse(print({.progress_json = true}, undo)).at("undo") == true);
  CHECK(json::parse(print({.progress_json = true}, warning)) ==
        json{{"event", "warning"},
             {"transaction", 7},
             {"message", "old one is in use"}});
}

TEST_CASE("the progress of bytes has size, share, rate and time left") {
  StepProgress progress{.name = "unpack",
                        .elapsed = seconds(10),
                        .bytes = std::uint64_t{50} << 20,
                        .total = std::uint64_t{100} << 20};
  CHECK(ProgressText(progress, {.columns = 80}) ==
        "  unpack         50.0 MiB of 100.0 MiB, 50 %, 5.0 MiB/s, 10.0 s left");
  progress.total = 0;
  CHECK(ProgressText(progress, {.columns = 80}) ==
        "  unpack         50.0 MiB, 5.0 MiB/s");
}

TEST_CASE("a wait counts down, and any other step counts up") {
  StepProgress progress{
      .name = "health", .elapsed = seconds(3), .limit = seconds(30)};
  CHECK(ProgressText(progress, {.columns = 80}) ==
        "  health         3.0 s, at most 27.0 s left");
  progress.limit = {};
  CHECK(ProgressText(progress, {.columns = 80}) == "  health         3.0 s");
}

TEST_CASE("the progress leaves the last column of a narrow terminal free") {
  const StepProgress progress{.name = "unpack",
                              .elapsed = seconds(10),
                              .bytes = std::uint64_t{50} << 20,
                              .total = std::uint64_t{100} << 20};
  CHECK(ProgressText(progress, {.columns = 30}).size() == 29);
}

TEST_CASE("a long step is drawn again on a terminal, and cleared at its end") {
  const std::string drawn = LongStep({}, {.columns = 80});
  CHECK(Has(drawn, "\r\x1b[K  unpack         1.0 MiB of 4.0 MiB, 25 %, "));
  CHECK(Has(drawn, "\r\x1b[K  unpack         250 ms\n"));
}

TEST_CASE("a long step is not drawn into a file, nor with --quiet") {
  CHECK(LongStep({}, {}) == "  unpack         250 ms\n");
  CHECK(LongStep({.quiet = true}, {}).empty());
}

TEST_CASE("--progress=json has the bytes of a long step and their total") {
  const std::string lines = LongStep({.progress_json = true}, {});
  CHECK(Has(lines,
            "{\"bytes\":1048576,\"event\":\"bytes\",\"name\":\"unpack\","
            "\"total\":4194304,\"transaction\":7}\n"));
}

}  // namespace release
