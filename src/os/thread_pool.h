// A few threads that work through tasks beside the caller.
#ifndef RELEASE_OS_CREW_H_
#define RELEASE_OS_CREW_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace release {

// Tasks begin in the order in which they were added. The first exception of a
// task, whatever it is, ends the work: what has not begun is dropped, and Add
// and Wait throw it from then on.
class Crew {
 public:
  using Task = std::function<void()>;

  // With no thread, or where the system gives none, each task runs inside Add,
  // which then throws what it throws. Add waits while `room` tasks wait.
  Crew(unsigned threads, std::size_t room);
  // Drops what has not begun, waits for the rest; their errors are lost.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void Add(Task task);
  // From inside a task: as Add, and never waits for room.
  void AddMore(Task task);
  // Until every task is done. More may be added afterwards.
  void Wait();

  // Tasks that wait or run.
  std::size_t pending() const;

 private:
  void Work();
  void Run(std::unique_lock<std::mutex>* lock);
  void Enqueue(Task task, std::size_t room);

  const std::size_t room_;
  mutable std::mutex mutex_;
  std::condition_variable added_;     // a task, or the end
  std::condition_variable finished_;  // a task
  std::deque<Task> tasks_;
  std::size_t running_ = 0;
  bool ending_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

}  // namespace release

#endif  // RELEASE_OS_CREW_H_
