#include "service/pidfile.h"

#include <doctest/doctest.h>

#include <boost/filesystem.hpp>
#include <fstream>

#include "support/expect_error.h"

namespace release {
namespace {

// A pidfile with this text; removed by the destructor.
class Pidfile {
 public:
  explicit Pidfile(const std::string& text)
      : path_((boost::filesystem::temp_directory_path() /
               boost::filesystem::unique_path())
                  .string()) {
    std::ofstream(path_) << text;
  }
  Pidfile(const Pidfile&) = delete;
  Pidfile& operator=(const Pidfile&) = delete;
  ~Pidfile() { boost::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a signal has a name, with or without SIG, or a number") {
  CHECK(SignalNumber("HUP") == 1);
  CHECK(SignalNumber("SIGUSR2") == 12);
  CHECK(SignalNumber("34") == 34);
  CHECK_FALSE(SignalNumber("0"));
  CHECK_FALSE(SignalNumber("65"));
  CHECK_FALSE(SignalNumber("NOPE"));
  CHECK_FALSE(SignalNumber(""));
}

TEST_CASE("a pidfile holds one process id and white space") {
  CHECK(ReadPidfile(Pidfile("4711\n").path()) == 4711);
  CHECK(ReadPidfile(Pidfile(" 4711 \r\n").path()) == 4711);
  CHECK(ReadPidfile("/nonexistent/pid") == 0);
}

TEST_CASE(
    "a pidfile that names a group, init, everybody or nothing is refused") {
  for (const char* text :
       {"0", "1\n", "-1", "-4711", "", "\n", "47 11", "12a", "99999999999"}) {
    CAPTURE(text);
    const Pidfile file(text);
    const Error error = ErrorOf([&] { ReadPidfile(file.path()); });
    CHECK(error.code() == ErrorCode::kReloadFailed);
    CHECK(error.path() == file.path());
  }
}

}  // namespace release
