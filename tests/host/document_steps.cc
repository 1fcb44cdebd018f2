#include "host/document_steps.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <regex>
#include <sstream>

namespace release {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Returns the word that ends the here-document that this line opens, or "" if
// it opens none.
std::string HereDocument(const std::string& line) {
  std::smatch match;
  const bool opens = std::regex_search(line, match, std::regex("<<'(\\w+)'"));
  return opens ? match[1].str() : "";
}

// Replaces the parts that differ from run to run.
std::string Shape(const std::string& text) {
  static const std::pair<std::regex, const char*> kVaries[] = {
      {std::regex("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}Z?"), "DATE"},
      // A short step has a line only on a slow machine.
      {std::regex("  [a-z][a-z -]* {2,}[0-9.]+ m?s\n"), ""},
      // A line of nothing but a gap stands for any number of lines, also none.
      {std::regex("(^|\n)\\.\\.\\.\n"), "$1..."},
      {std::regex("\\b[0-9]+ (s|min|h|d) ago|just now"), "AGO"},
      {std::regex("\\b[0-9.]+ m?s\\b"), "TIME"},
      {std::regex("\\b[0-9:]{8} "), "CLOCK "},
      {std::regex("used by [0-9]+"), "used by PID"},
      {std::regex("\\bshop on [^ :]+:"), "shop on HOST:"},
      {std::regex(" +"), " "},
      {std::regex("[ \n]+$"), ""},
  };
  std::string shape = text;
  for (const auto& [pattern, word] : kVaries) {
    shape = std::regex_replace(shape, pattern, word);
  }
  return shape;
}

}  // namespace

bool Fits(const std::string& said, const std::string& printed) {
  static const std::string kGap = "...";
  std::string left = Shape(said);
  const std::string shape = Shape(printed);
  std::size_t gap = left.find(kGap), at = 0;
  if (gap == left.npos) return left == shape;
  if (!shape.starts_with(left.substr(0, gap))) return false;
  for (; gap != left.npos; gap = left.find(kGap)) {
    at = shape.find(left.substr(0, gap), at);
    if (at == shape.npos) return false;
    at += gap;
    left.erase(0, gap + kGap.size());
  }
  return shape.size() >= at + left.size() && shape.ends_with(left);
}

std::string SectionOf(const std::string& document, const std::string& heading) {
  std::string section;
  bool inside = false, found = false, block = false;
  for (const std::string& line : Lines(document)) {
    if (line.starts_with("```")) block = !block;
    if (!block && line.starts_with("#")) {
      inside = line.substr(line.find(' ') + 1) == heading;
      found = found || inside;
    } else if (inside) {
      section += line + "\n";
    }
  }
  REQUIRE_MESSAGE(found, heading);
  return section;
}

std::vector<std::pair<std::string, std::string>> FilesOf(
    const std::string& document) {
  static const std::regex kNamed("^`([^` ]+)`");
  std::vector<std::pair<std::string, std::string>> files;
  std::string path;
  bool inside = false;
  for (const std::string& line : Lines(document)) {
    std::smatch match;
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside && !path.empty()) files.emplace_back(path, "");
      if (!inside) path.clear();
    } else if (inside && !path.empty()) {
      files.back().second += line + "\n";
    } else if (!inside && !line.empty()) {
      path = std::regex_search(line, match, kNamed) ? match[1].str() : "";
    }
  }
  return files;
}

std::vector<Step> StepsOf(const std::string& document) {
  std::vector<Step> steps;
  bool inside = false;
  std::string until;
  for (const std::string& line : Lines(document)) {
    if (line.starts_with("```")) {
      inside = line == "```console";
    } else if (inside && !until.empty()) {
      steps.back().typed += "\n" + line;
      if (line == until) until.clear();
    } else if (inside && line.starts_with("$ ")) {
      steps.push_back({.typed = line.substr(2), .printed = ""});
      until = HereDocument(line);
    } else if (inside && !steps.empty()) {
      steps.back().printed += line + "\n";
    }
  }
  return steps;
}

std::string ScriptOf(const std::vector<Step>& steps) {
  std::string script =
      "exec 2>&1\ncd /root\n"
      "sleep() { command sleep $1; while [ \"$(systemctl show -P ActiveState "
      "release-intake@shop.service)\" = activating ]; do command sleep 0.2; "
      "done; }\n";
  for (const Step& step : steps) {
    script += "status=$?; printf '\\001%s\\002' $status; (exit $status)\n" +
              step.typed + "\n";
  }
  return script + "printf '\\001%s\\002' $?\n";
}

std::vector<Step> ResultsOf(std::vector<Step> steps,
                            const std::string& output) {
  std::size_t at = 0;
  for (Step& step : steps) {
    const std::size_t begin = output.find('\002', at);
    const std::size_t end = output.find('\001', begin);
    const std::size_t close = output.find('\002', end);
    REQUIRE_MESSAGE(close != std::string::npos, output);
    step.printed = output.substr(begin + 1, end - begin - 1);
    step.status = std::atoi(output.c_str() + end + 1);
    at = end;
  }
  return steps;
}

std::string Differences(const std::vector<Step>& shown,
                        const std::vector<Step>& results) {
  REQUIRE(shown.size() == results.size());
  std::string differences;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const Step& step = results[i];
    const bool same = shown[i].printed.empty()
                          ? step.status == 0
                          : Fits(shown[i].printed, step.printed);
    if (same) continue;
    differences +=
        fmt::format("$ {}\nsaid:\n{}\nstatus {}, printed:\n{}\n", step.typed,
                    shown[i].printed, step.status, step.printed);
  }
  return differences;
}

}  // namespace release
