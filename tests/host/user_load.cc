#include "host/user_load.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <regex>

#include "host/command.h"
#include "support/torture.h"

namespace release {
namespace {

using std::chrono::minutes;

constexpr int kFrontPort = 8080;
constexpr int kUsers = 4;
constexpr int kPatienceSeconds = 30;
constexpr minutes kLongest{60};
// How long a user waits before the next request. Without a pause the users
// would take both processors from the tests beside this one.
constexpr std::chrono::milliseconds kPause{20};
constexpr int kMostRequests = 1'000'000;

}  // namespace

UserRequest::UserRequest(int port, const std::string& method,
                         const std::string& path, const std::string& headers)
    : connection_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience = {kPatienceSeconds, 0};
  setsockopt(connection_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience,
             sizeof patience);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection_.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof address) != 0) {
    answer_ = fmt::format("cannot connect: {}", std::strerror(errno));
    return;
  }
  const std::string body = method == "POST" ? "item=7&count=1" : "";
  const std::string request = fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n{}",
      method, path, headers, body.size(), body);
  send(connection_.get(), request.data(), request.size(), MSG_NOSIGNAL);
}

bool UserRequest::ReadSome() {
  char buffer[65536];
  const ssize_t count = recv(connection_.get(), buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  answer_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

const std::string& UserRequest::ReadToEnd() {
  while (ReadSome()) {
  }
  return answer_;
}

UserLoad::UserLoad(std::set<std::string> expected, Methods methods)
    : methods_(methods), expected_(std::move(expected)) {
  for (int user = 0; user < kUsers; ++user) {
    users_.emplace_back([this, user] { Work(user % 2 == 1); });
  }
}

UserLoad::~UserLoad() { End(); }

void UserLoad::Expect(const std::set<std::string>& versions) {
  const std::lock_guard<std::mutex> lock(mutex_);
  expected_ = versions;
}

bool UserLoad::Await(int requests) {
  constexpr std::chrono::seconds kPatience{120};
  const int goal = answered_ + requests;
  return Eventually([&] { return answered_ >= goal; }, kPatience);
}

UserLoad::Counts UserLoad::End() {
  stop_ = true;
  for (std::thread& user : users_) user.join();
  users_.clear();
  return counts_;
}

std::set<std::string> UserLoad::Expected() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return expected_;
}

void UserLoad::Work(bool posts) {
  const auto end = std::chrono::steady_clock::now() + kLongest;
  while (!stop_) {
    const std::set<std::string> before = Expected();
    const bool post = posts && methods_ == Methods::kGetAndPost;
    UserRequest request(kFrontPort, post ? "POST" : "GET", "/items");
    Judge(request.ReadToEnd(), before);
    posts = !posts;
    if (!Torture()) std::this_thread::sleep_for(kPause);
    if (++answered_ >= kMostRequests ||
        std::chrono::steady_clock::now() > end) {
      stop_ = true;
    }
  }
}

void UserLoad::Judge(const std::string& answer,
                     const std::set<std::string>& before) {
  static const std::regex good(R"(^HTTP/1\.[01] 200 [^]*release (\S+) serves)");
  std::smatch match;
  const bool answered = std::regex_search(answer, match, good);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!answered) {
    ++counts_.errors;
    if (counts_.first_problem.empty()) {
      counts_.first_problem = "answer: '" + answer + "'";
    }
    return;
  }
  const std::string version = match[1];
  ++counts_.versions[version];
  const bool any = before.empty() || expected_.empty();
  if (any || before.contains(version) || expected_.contains(version)) {
    ++counts_.good;
    return;
  }
  ++counts_.unexpected;
  if (counts_.first_problem.empty()) {
    counts_.first_problem = "unexpected: " + version;
  }
}

}  // namespace release
