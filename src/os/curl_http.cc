#include "os/curl_http.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "os/host_facts.h"
#include "os/posix_runner.h"
#include "os/socket_http.h"
#include "os/tcp_connect.h"

namespace release {
namespace {

// curl prints the answer's body and then this mark with the status, all in one
// stream. The runner keeps the end of a stream that is too long, so the mark is
// there even if the body's beginning is lost.
constexpr std::size_t kMaxOutput = std::size_t{16} << 20;
constexpr std::string_view kStatusMark = "\nrelease-http-status=";

// Returns one line of a curl configuration: NAME = "VALUE", with the escapes
// that curl understands. A line break in a value must not start another option.
std::string Option(std::string_view name, std::string_view value) {
  std::string line = std::string(name) + " = \"";
  for (const char c : value) {
    switch (c) {
      case '"':
      case '\\':
        line += {'\\', c};
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      default:
        line += c;
    }
  }
  return line + "\"\n";
}

// Does not set a time limit, because old versions of curl accept only whole
// seconds; the runner enforces it. An empty "Expect:" makes curl send the body
// at once instead of waiting for a "100 Continue" that may not come.
std::string Configuration(const HttpRequest& request) {
  std::string text =
      "silent\nshow-error\ngloboff\n" + Option("url", request.url) +
      Option("proto", "=http,https") + Option("noproxy", "*") +
      Option("user-agent", "release/" RELEASE_PROGRAM_VERSION) +
      Option("header", "Expect:") +
      Option("write-out", std::string(kStatusMark) + "%{http_code}");
  for (const auto& [name, value] : request.headers) {
    text += Option("header", name + ": " + value);
  }
  if (!request.unix_socket.empty()) {
    text += Option("unix-socket", request.unix_socket);
  }
  if (!request.body.empty()) {
    text += Option("data-binary", "@/proc/self/fd/3");
  }
  return text;
}

// Returns the reason in "curl: (7) Failed to connect ...", without the prefix
// and the number; empty if curl printed no such line.
std::string CurlError(const std::string& output) {
  const std::size_t start = output.rfind("curl: ");
  if (start == output.npos) return "";
  std::string line = output.substr(start + 6);
  line = line.substr(0, line.find('\n'));
  const std::size_t number =
      line.starts_with('(') ? line.find(") ") : line.npos;
  return number == line.npos ? line : line.substr(number + 2);
}

HttpResponse ParseCurlOutput(const std::string& output, std::size_t max_body) {
  HttpResponse response;
  const std::size_t mark = output.rfind(kStatusMark);
  if (mark == output.npos || output.size() >= kMaxOutput) {
    response.error =
        "cannot use curl's output: it is empty or longer than 16 MiB";
    return response;
  }
  const char* const end = output.data() + output.size();
  std::from_chars(output.data() + mark + kStatusMark.size(), end,
                  response.status);
  response.body = output.substr(0, std::min(mark, max_body));
  if (response.status == 0) response.error = "the answer is not HTTP";
  return response;
}

std::string NotStarted(const std::string& program, int error) {
  return "cannot run " + program + ": " + std::strerror(error) +
         (error == ENOENT ? "; install the package curl" : "");
}

// Explains to a person why curl failed. About a socket curl itself names the
// host and port of the URL, which have no part in it.
std::string WhyFailed(const std::string& program, const HttpRequest& request,
                      const CommandResult& result) {
  using End = CommandResult::End;
  constexpr int kCouldNotConnect = 7;
  if (result.end == End::kNotStarted) return NotStarted(program, result.status);
  if (!request.unix_socket.empty() && result.end == End::kExited &&
      result.status == kCouldNotConnect) {
    return "cannot connect to the socket " + request.unix_socket;
  }
  const std::string reason =
      result.end == End::kExited ? CurlError(result.output) : "";
  return reason.empty() ? "curl: " + result.Describe() : reason;
}

}  // namespace

CurlHttp::CurlHttp(std::string program) : program_(std::move(program)) {}

HttpResponse CurlHttp::Send(const HttpRequest& request) {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point start = Steady::now();
  if (auto response = GetOverSocket(request)) return *response;
  const auto left = request.timeout - (Steady::now() - start);
  if (left.count() <= 0) return {.error = "timed out"};
  Command command;
  // -q ignores the configuration files of user and host. It must come first.
  command.argv = {program_, "-q", "--config", "-"};
  command.input = Configuration(request);
  if (!request.body.empty()) command.files = {request.body};
  command.timeout = left;
  command.max_output = kMaxOutput;
  const CommandResult result = PosixRunner().Run(command);
  if (result.ok()) return ParseCurlOutput(result.output, request.max_body);
  return {.error = WhyFailed(program_, request, result)};
}

Reason CurlHttp::WhyUnusable() {
  if (!FindProgram(program_).empty()) return std::nullopt;
  return NotStarted(program_, ENOENT);
}

Reason CurlHttp::Connect(const std::string& host, int port,
                         std::chrono::nanoseconds timeout) {
  return ConnectTcp(host, port, timeout);
}

}  // namespace release
