// Runs tasks on a fixed number of threads.
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

// Tasks start in the order of submission. After the first exception of a task,
// of any type, tasks that have not started are dropped, and Submit and Wait
// rethrow that exception from then on.
class ThreadPool {
 public:
  using Task = std::function<void()>;

  // At most `room` tasks are queued; Submit blocks while the queue is full. If
  // `threads` is 0 or no thread can be started, each task runs inside Submit,
  // which lets its exception through.
  ThreadPool(unsigned threads, std::size_t room);
  // Drops tasks that have not started and waits for running ones. Their
  // exceptions are lost.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void Submit(Task task);
  // For calls from inside a task. Never blocks for room: if every thread waited
  // for the queue, no thread would be left to empty it.
  void SubmitFromTask(Task task);
  // Waits until every task is done. More may be submitted afterwards.
  void Wait();

  // Returns the number of queued and running tasks.
  std::size_t pending() const;

 private:
  void RunTasks();
  void Run(std::unique_lock<std::mutex>* lock);
  void Enqueue(Task task, std::size_t room);

  const std::size_t room_;
  mutable std::mutex mutex_;
  std::condition_variable added_;     // a task was queued, or the pool ends
  std::condition_variable finished_;  // a task has finished
  std::deque<Task> tasks_;
  std::size_t running_ = 0;
  bool ending_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

}  // namespace release

#endif  // RELEASE_OS_THREAD_POOL_H_
