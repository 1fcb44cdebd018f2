#include "os/curl_http.h"

#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "os/curl_program.h"
#include "os/host_facts.h"
#include "os/interrupt.h"
#include "os/linkage.h"

// The header turns these into macros that want the real functions.
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace release {
namespace {

using std::chrono::milliseconds;

// At least 1: curl takes 0 for "no limit".
long Milliseconds(std::chrono::nanoseconds duration) {
  return std::max<long>(1, std::chrono::ceil<milliseconds>(duration).count());
}

struct Answer {
  std::string body;
  std::size_t limit = 0;
};

std::size_t KeepBeginning(char* data, std::size_t size, std::size_t count,
                          void* answer) {
  auto* const to = static_cast<Answer*>(answer);
  const std::size_t room = to->limit - to->body.size();
  to->body.append(data, std::min(room, size * count));
  return size * count;
}

// What is asked for during the transfer; not 0 ends it.
int Progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return InterruptSignal() != 0 ? 1 : 0;
}

// Closes a descriptor.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Waits until the connection is made; errno, or 0.
int AwaitConnected(int fd, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    if (InterruptSignal() != 0) return EINTR;
    const auto left = std::chrono::ceil<milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return ETIMEDOUT;
    pollfd waiting{fd, POLLOUT, 0};
    const int ready =
        poll(&waiting, 1, static_cast<int>(std::min<long>(left.count(), 1000)));
    if (ready < 0 && errno != EINTR) return errno;
    if (ready <= 0) continue;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  }
}

int ConnectTo(const addrinfo& address,
              std::chrono::steady_clock::time_point deadline) {
  const Socket socket(::socket(address.ai_family,
                               SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return errno;
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  return AwaitConnected(socket.get(), deadline);
}

}  // namespace

// The functions of libcurl that are used.
struct CurlHttp::Library {
  explicit Library(const std::string& name);

  template <typename Function>
  void Find(Function* function, const char* name) {
    *function = reinterpret_cast<Function>(dlsym(handle, name));
    if (*function == nullptr && error.empty()) {
      error = std::string("cannot use libcurl: it has no ") + name;
    }
  }
  std::string Apply(CURL* easy, const HttpRequest& request, Answer* answer,
                    curl_slist** headers) const;

  void* handle = nullptr;
  std::string error;  // why it cannot be used; empty: it can
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_setopt) setopt = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) getinfo = nullptr;
  decltype(&curl_easy_strerror) strerror = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
};

// Never unloaded: libraries below it register handlers that outlive it.
CurlHttp::Library::Library(const std::string& name) {
  const bool possible = CanLoadLibraries();
  if (possible) handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const why = possible ? dlerror() : "this program is static";
    error = std::string("cannot load libcurl (package libcurl4): ") +
            (why == nullptr ? name : why);
    return;
  }
  Find(&global_init, "curl_global_init");
  Find(&easy_init, "curl_easy_init");
  Find(&setopt, "curl_easy_setopt");
  Find(&perform, "curl_easy_perform");
  Find(&getinfo, "curl_easy_getinfo");
  Find(&strerror, "curl_easy_strerror");
  Find(&cleanup, "curl_easy_cleanup");
  Find(&slist_append, "curl_slist_append");
  Find(&slist_free_all, "curl_slist_free_all");
  if (error.empty() && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    error = "cannot use libcurl: it does not initialize";
  }
}

// Empty, or what could not be set.
std::string CurlHttp::Library::Apply(CURL* easy, const HttpRequest& request,
                                     Answer* answer,
                                     curl_slist** headers) const {
  CURLcode code = CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (code == CURLE_OK) code = setopt(easy, option, value);
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS, long{CURLPROTO_HTTP | CURLPROTO_HTTPS});
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, Milliseconds(request.timeout));
  set(CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(request.timeout));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Progress);
  set(CURLOPT_WRITEFUNCTION, &KeepBeginning);
  set(CURLOPT_WRITEDATA, static_cast<void*>(answer));
  set(CURLOPT_USERAGENT, "release/" RELEASE_PROGRAM_VERSION);
  if (!request.unix_socket.empty()) {
    set(CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  }
  if (!request.body.empty()) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.c_str());
  }
  // Answers come at once instead of after a "100 Continue" that may not come.
  *headers = slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : request.headers) {
    *headers = slist_append(*headers, (name + ": " + value).c_str());
  }
  set(CURLOPT_HTTPHEADER, *headers);
  return code == CURLE_OK ? "" : strerror(code);
}

CurlHttp::CurlHttp(std::string library, std::string program)
    : library_name_(std::move(library)), program_(std::move(program)) {}

CurlHttp::~CurlHttp() = default;

HttpResponse CurlHttp::Send(const HttpRequest& request) {
  if (!library_) library_ = std::make_unique<Library>(library_name_);
  if (library_->error.empty()) return SendByLibrary(request);
  if (!FindProgram(program_).empty()) return SendByProgram(program_, request);
  return {.error = library_->error + "; nor is there a program curl"};
}

HttpResponse CurlHttp::SendByLibrary(const HttpRequest& request) {
  HttpResponse response;
  CURL* const easy = library_->easy_init();
  Answer answer{"", request.max_body};
  curl_slist* headers = nullptr;
  response.error = library_->Apply(easy, request, &answer, &headers);
  if (response.error.empty()) {
    const CURLcode code = library_->perform(easy);
    if (code == CURLE_OK) {
      long status = 0;
      library_->getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      response.status = static_cast<int>(status);
      response.body = std::move(answer.body);
    } else {
      response.error = library_->strerror(code);
    }
  }
  library_->slist_free_all(headers);
  library_->cleanup(easy);
  return response;
}

std::string CurlHttp::Connect(const std::string& host, int port,
                              std::chrono::nanoseconds timeout) {
  const auto deadline =
      std::chrono::steady_clock::now() +
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(timeout);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code =
      getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) return host + ": " + gai_strerror(code);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found,
                                                                 freeaddrinfo);
  int error = 0;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    error = ConnectTo(*at, deadline);
    if (error == 0) return "";
  }
  return std::strerror(error);
}

}  // namespace release
