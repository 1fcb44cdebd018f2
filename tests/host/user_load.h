// Users of a service: they send requests until told to stop, and judge each
// answer. For tests that run inside a container; only 127.0.0.1 is asked.
#ifndef RELEASE_TESTS_HOST_USER_LOAD_H_
#define RELEASE_TESTS_HOST_USER_LOAD_H_

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "os/descriptor.h"

namespace release {

// A request on a new connection to a port of this machine.
class UserRequest {
 public:
  // Connects and sends the request; a POST has a body. The answer is read by
  // ReadSome and ReadToEnd. A failure shows as an answer that is not HTTP.
  // `headers` says what becomes of the connection.
  UserRequest(int port, const std::string& method, const std::string& path,
              const std::string& headers = "Connection: close\r\n");

  // Blocks until more of the answer has arrived. Returns false at its end.
  bool ReadSome();
  // Reads until the server closes the connection. Returns the whole answer.
  const std::string& ReadToEnd();
  // The answer so far, head and body.
  const std::string& answer() const { return answer_; }

 private:
  Descriptor connection_;
  std::string answer_;
};

// Users who send requests, GET and POST in turn unless told otherwise, as fast
// as they are answered, each on a new connection. An answer is good if it has
// status 200 and the body "release V serves", with an expected V.
class UserLoad {
 public:
  enum class Methods { kGetAndPost, kGet };

  struct Counts {
    int good = 0;
    int errors = 0;      // no answer, or another one than "release V serves"
    int unexpected = 0;  // answers of a release that was not expected
    std::map<std::string, int> versions;  // good and unexpected ones
    std::string first_problem;
  };

  // Users who expect these releases; an empty set stands for any. They stop by
  // themselves after a million requests or an hour.
  explicit UserLoad(std::set<std::string> expected,
                    Methods methods = Methods::kGetAndPost);
  ~UserLoad();
  UserLoad(const UserLoad&) = delete;
  UserLoad& operator=(const UserLoad&) = delete;

  // Says which releases may answer requests that are sent from now on. Those on
  // their way may also be answered by what was expected before.
  void Expect(const std::set<std::string>& versions);
  // Waits until that many more requests have been answered. Returns false if
  // that takes longer than two minutes.
  bool Await(int requests);
  // Ends the load and returns all counts.
  Counts End();

 private:
  void Work(bool posts);  // whether the first request is a POST
  void Judge(const std::string& answer, const std::set<std::string>& before);
  std::set<std::string> Expected();

  const Methods methods_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> answered_ = 0;
  std::mutex mutex_;
  std::set<std::string> expected_;
  Counts counts_;
  std::vector<std::thread> users_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_USER_LOAD_H_
