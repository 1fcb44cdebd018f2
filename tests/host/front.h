// The front between the users and the instances of the app "shop", on
// 127.0.0.1:8080. For tests that run inside a container.
#ifndef RELEASE_TESTS_HOST_FRONT_H_
#define RELEASE_TESTS_HOST_FRONT_H_

#include <string>
#include <vector>

namespace release {

struct FrontKind {
  std::string name;
  std::string unit;  // what is started
  // The samples of docs/samples/instances and the places they are copied to.
  std::vector<std::pair<std::string, std::string>> files;
  // Whether it keeps connections to an instance for later requests.
  bool keeps_connections = false;
  // A text of the samples and what replaces it; empty: they are used unchanged.
  std::string replaced;
  std::string replacement;
};

// nginx without and with kept connections, HAProxy, Caddy,
// systemd-socket-proxyd.
const std::vector<FrontKind>& FrontKinds();
// HAProxy and Caddy with kept connections, as they are without a setting.
const std::vector<FrontKind>& KeepingFrontKinds();

// The destructor stops it.
class Front {
 public:
  explicit Front(FrontKind kind = FrontKinds().front());
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  const FrontKind& kind() const { return kind_; }

 private:
  FrontKind kind_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_FRONT_H_
