// A few threads that work through tasks beside the caller.
#ifndef RELEASE_OS_THREAD_POOL_H_
#define RELEASE_OS_THREAD_POOL_H_

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
// task, whatever it is, ends the work: what has not begun is dropped, and
// Submit and Wait throw it from then on.
class ThreadPool {
 public:
  using Task = std::function<void()>;

  // With no thread, or where the system gives none, each task runs inside
  // Submit, which then throws what it throws. Submit waits while `room` tasks
  // wait.
  ThreadPool(unsigned threads, std::size_t room);
  // Drops what has not begun, waits for the rest; their errors are lost.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void Submit(Task task);
  // From inside a task: as Submit, and never waits for room.
  void SubmitFromTask(Task task);
  // Until every task is done. More may be added afterwards.
  void Wait();

  // Tasks that wait or run.
  std::size_t pending() const;

 private:
  void RunTasks();
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

#endif  // RELEASE_OS_THREAD_POOL_H_
