#include "os/curl_program.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "os/posix_runner.h"

namespace release {
namespace {

// What curl prints comes as one text, its end if it is too long: the answer's
// body, then this line.
constexpr std::size_t kMaxOutput = std::size_t{16} << 20;
constexpr std::string_view kStatusMark = "\nrelease-http-status=";

// One line of a curl configuration.
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

// No time limit of curl's own: old ones know whole seconds only.
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

// "curl: (7) Failed to connect ...", without what is curl's own.
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
    response.error = "curl's answer is none, or longer than 16 MiB";
    return response;
  }
  const char* const end = output.data() + output.size();
  std::from_chars(output.data() + mark + kStatusMark.size(), end,
                  response.status);
  response.body = output.substr(0, std::min(mark, max_body));
  if (response.status == 0) response.error = "the answer is not HTTP";
  return response;
}

}  // namespace

HttpResponse SendByProgram(const std::string& program,
                           const HttpRequest& request) {
  Command command;
  // First: the configurations of the user and of the host do not count.
  command.argv = {program, "-q", "--config", "-"};
  command.input = Configuration(request);
  if (!request.body.empty()) command.files = {request.body};
  command.timeout = request.timeout;
  command.max_output = kMaxOutput;
  const CommandResult result = PosixRunner().Run(command);
  if (result.ok()) return ParseCurlOutput(result.output, request.max_body);
  const std::string complaint = CurlError(result.output);
  return {.error =
              result.end == CommandResult::End::kExited && !complaint.empty()
                  ? complaint
                  : "curl: " + result.Describe()};
}

}  // namespace release
