#include "support/metrics_format.h"

#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string_view>

namespace release {
namespace {

// The tokens as in the description of the format.
const std::regex kHelp(
    R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\]|\\[\\n])*))");
const std::regex kType(
    "# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) "
    "(counter|gauge|histogram|summary|untyped)");
const std::regex kSample(
    R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?[0-9]+)?)");
const std::regex kLabel(
    R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$))re");
const std::regex kValue(
    R"([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|[+-]Inf)");

// Returns the labels in an order that does not depend on the text; nullopt if
// they are malformed or one of them is there twice.
std::optional<std::map<std::string, std::string>> ParseLabels(
    const std::string& text) {
  std::map<std::string, std::string> labels;
  auto from = text.cbegin();
  while (from != text.cend()) {
    std::smatch found;
    if (!std::regex_search(from, text.cend(), found, kLabel,
                           std::regex_constants::match_continuous) ||
        !labels.emplace(found[1], found[2]).second) {
      return std::nullopt;
    }
    from = found[0].second;
  }
  return labels;
}

class Checker {
 public:
  // Returns what is wrong with the line, or "".
  std::string Line(const std::string& line) {
    std::smatch found;
    if (std::regex_match(line, found, kHelp)) return Help(found[1]);
    if (std::regex_match(line, found, kType)) return Type(found[1]);
    if (std::regex_match(line, found, kSample)) return Sample(found);
    return "malformed";
  }
  // Returns what is missing after the last line, or "".
  std::string End() const { return sampled_ ? "" : "a family has no sample"; }

 private:
  std::string Help(const std::string& name) {
    if (!sampled_) return "a family has no sample";
    if (!families_.insert(name).second) return "a second HELP of its family";
    family_ = name;
    typed_ = sampled_ = false;
    return "";
  }
  std::string Type(const std::string& name) {
    if (name != family_) return "a TYPE without its HELP before it";
    if (typed_) return "a second TYPE of its family";
    if (sampled_) return "a TYPE after its samples";
    typed_ = true;
    return "";
  }
  std::string Sample(const std::smatch& found) {
    if (found[1] != family_ || !typed_) return "a sample outside its family";
    const auto labels = ParseLabels(found[2]);
    if (!labels) return "malformed labels";
    if (!std::regex_match(found[3].str(), kValue)) return "no number";
    if (!series_.emplace(found[1], *labels).second) return "a series twice";
    sampled_ = true;
    return "";
  }

  std::string family_;
  bool typed_ = false;
  bool sampled_ = true;  // the family has a sample, or there is none yet
  std::set<std::string> families_;
  std::set<std::pair<std::string, std::map<std::string, std::string>>> series_;
};

}  // namespace

std::string MetricsViolation(const std::string& text) {
  if (!text.ends_with('\n')) return "the last line has no end";
  Checker checker;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string wrong = checker.Line(line);
    if (!wrong.empty()) return wrong + ": " + line;
  }
  return checker.End();
}

}  // namespace release
