#include "base/error.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cctype>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/archives.h"

namespace release {
namespace {

constexpr char kSource[] = RELEASE_SOURCE_DIR;

// Returns the lines of a section of release(8), with its heading.
std::vector<std::string> SectionOfManual(const std::string& name) {
  std::istringstream manual(Slurp(std::string(kSource) + "/docs/release.8"));
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(manual, line);) {
    if (line.starts_with(".Sh ")) inside = line == ".Sh " + name;
    if (inside) lines.push_back(line);
  }
  return lines;
}

// Returns "no-space 1" for each code, as ERROR CODES groups them.
std::set<std::string> CodesOfManual() {
  const std::string status = ".Ss Exit status";
  const std::string item = ".It Ql ";
  std::set<std::string> codes;
  std::string exit;
  for (const std::string& line : SectionOfManual("ERROR CODES")) {
    if (line.starts_with(status)) exit = line.substr(status.size());
    if (!line.starts_with(item)) continue;
    CHECK_MESSAGE(codes.insert(line.substr(item.size()) + exit).second, line);
  }
  return codes;
}

// Returns the text of each test but this one.
std::vector<std::string> TestSources() {
  namespace bfs = boost::filesystem;
  std::vector<std::string> sources;
  for (const auto& entry :
       bfs::recursive_directory_iterator(std::string(kSource) + "/tests")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_test.cc") || name == "error_test.cc") continue;
    sources.push_back(Slurp(entry.path().string()));
  }
  return sources;
}

// Returns "kNoSpace" for "no-space".
std::string Enumerator(std::string_view name) {
  std::string enumerator = "k";
  bool capital = true;
  for (const char c : name) {
    if (c != '-') {
      enumerator += capital ? static_cast<char>(c - 'a' + 'A') : c;
    }
    capital = c == '-';
  }
  return enumerator;
}

// Whether `word` at `at` is what a test expects: the right side of an equality,
// or an argument of a function whose name begins with "Check". A test that only
// raises the code itself, to see what becomes of it, is none.
bool IsExpected(const std::string& source, std::size_t at) {
  const std::size_t begin = source.find_last_of(";{", at) + 1;
  std::string before = source.substr(begin, at - begin);
  std::erase_if(before, [](char c) { return c == ' ' || c == '\n'; });
  return before.ends_with("==") ||
         (before.starts_with("Check") || before.find(".Check") != before.npos);
}

bool Expects(const std::vector<std::string>& sources, const std::string& word) {
  for (const std::string& source : sources) {
    for (std::size_t at = source.find(word); at != source.npos;
         at = source.find(word, at + 1)) {
      const char next = source[at + word.size()];
      if (std::isalnum(next) == 0 && IsExpected(source, at)) return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("every error code has a kebab-case name of its own") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto name = CodeName(static_cast<ErrorCode>(i));
    CHECK(names.insert(name).second);
    CHECK(ParseCodeName(name) == static_cast<ErrorCode>(i));
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") ==
          std::string_view::npos);
  }
}

TEST_CASE("a code of a later version is internal") {
  CHECK(ParseCodeName("teleport-failed") == ErrorCode::kInternal);
}

TEST_CASE("a bad archive is refused, a bad config is a usage error") {
  CHECK(ExitBeforeSwitch(ErrorCode::kChecksumMismatch) == Exit::kRefused);
  CHECK(ExitBeforeSwitch(ErrorCode::kConfigInvalid) == Exit::kUsage);
  CHECK(ExitBeforeSwitch(ErrorCode::kNoSpace) == Exit::kFailed);
  CHECK(ExitBeforeSwitch(ErrorCode::kNothingToRollBackTo) ==
        Exit::kNoSuchRelease);
}

TEST_CASE("the manual has each error code with its exit status") {
  std::set<std::string> manual = CodesOfManual();
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    const std::string line =
        std::string(CodeName(code)) + " " +
        std::to_string(static_cast<int>(ExitBeforeSwitch(code)));
    CHECK_MESSAGE(manual.erase(line) == 1, line);
  }
  for (const std::string& other : manual) CHECK_MESSAGE(false, other);
}

TEST_CASE("the manual has each exit status") {
  const std::vector<std::string> lines = SectionOfManual("EXIT STATUS");
  for (int exit = 0; exit <= static_cast<int>(Exit::kFoundWrong); ++exit) {
    const std::string item = ".It " + std::to_string(exit);
    CHECK(std::find(lines.begin(), lines.end(), item) != lines.end());
  }
}

// Reads the sources of the tests: it fails if a code or a status is added that
// no test expects, or if the last test that expects one is removed. It does not
// prove that the test provokes the code and did not make the value itself.
TEST_CASE("some test expects each error code and each exit status") {
  const std::vector<std::string> sources = TestSources();
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const std::string name(CodeName(static_cast<ErrorCode>(i)));
    CHECK_MESSAGE((Expects(sources, "ErrorCode::" + Enumerator(name)) ||
                   Expects(sources, '"' + name + '"')),
                  name);
  }
  for (int exit = 0; exit <= static_cast<int>(Exit::kFoundWrong); ++exit) {
    const std::string expected = "exit == " + std::to_string(exit) + ")";
    CHECK_MESSAGE(std::any_of(sources.begin(), sources.end(),
                              [&](const std::string& source) {
                                return source.find(expected) != source.npos;
                              }),
                  expected);
  }
  // The control: nothing expects what does not exist, nor what is only raised.
  CHECK_FALSE(Expects(sources, "ErrorCode::kTeleportFailed"));
  CHECK_FALSE(
      Expects({"throw Error(ErrorCode::kBusy, \"\");"}, "ErrorCode::kBusy"));
  CHECK_FALSE(
      Expects({"CHECK(code == ErrorCode::kBusyToo);"}, "ErrorCode::kBusy"));
  CHECK(Expects({"CHECK(code ==\n ErrorCode::kBusy);"}, "ErrorCode::kBusy"));
}

}  // namespace release
