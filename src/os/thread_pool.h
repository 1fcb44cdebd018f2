// Runs tasks on a fixed number of threads.
#ifndef RELEASE_OS_THREAD_POOL_H_
#define RELEASE_OS_THREAD_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace release {

// A task is called without arguments. Tasks of one kind have a type of their
// own, whose calls need no pointer to a function.
//
// Tasks start in the order of submission. After the first exception of a task,
// of any type, tasks that have not started are dropped, and Submit and Wait
// rethrow that exception from then on.
template <typename Task = std::function<void()>>
class ThreadPool {
 public:
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

template <typename Task>
ThreadPool<Task>::ThreadPool(unsigned threads, std::size_t room) : room_(room) {
  try {
    while (threads_.size() < threads) {
      threads_.emplace_back([this] { RunTasks(); });
    }
  } catch (const std::system_error&) {
    // Work with the threads that could be started. Without any, Enqueue runs
    // each task itself.
  }
}

template <typename Task>
ThreadPool<Task>::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    tasks_.clear();
  }
  added_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

template <typename Task>
void ThreadPool<Task>::RunTasks() {
  std::unique_lock lock(mutex_);
  while (true) {
    added_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    Run(&lock);
  }
}

// Runs the first task without holding the lock; holds it again on return. After
// the first exception, the remaining tasks are dropped.
template <typename Task>
void ThreadPool<Task>::Run(std::unique_lock<std::mutex>* lock) {
  std::optional<Task> task(std::move(tasks_.front()));
  tasks_.pop_front();
  ++running_;
  lock->unlock();
  std::exception_ptr error;
  try {
    (*task)();
  } catch (...) {
    error = std::current_exception();
  }
  // Destroy the task before reporting it as done: callers may rely on its
  // captured objects being released then.
  task.reset();
  lock->lock();
  if (error && !error_) error_ = error;
  if (error_) tasks_.clear();
  --running_;
  finished_.notify_all();
}

// An exception of a task also wakes a caller that waits for room: the queue is
// then emptied and never used again.
template <typename Task>
void ThreadPool<Task>::Enqueue(Task task, std::size_t room) {
  if (threads_.empty()) {
    task();
    return;
  }
  {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return error_ || tasks_.size() < room; });
    if (error_) std::rethrow_exception(error_);
    tasks_.push_back(std::move(task));
  }
  added_.notify_one();
}

template <typename Task>
void ThreadPool<Task>::Submit(Task task) {
  Enqueue(std::move(task), room_);
}

template <typename Task>
void ThreadPool<Task>::SubmitFromTask(Task task) {
  Enqueue(std::move(task), std::numeric_limits<std::size_t>::max());
}

template <typename Task>
void ThreadPool<Task>::Wait() {
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return tasks_.empty() && running_ == 0; });
  if (error_) std::rethrow_exception(error_);
}

template <typename Task>
std::size_t ThreadPool<Task>::pending() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size() + running_;
}

}  // namespace release

#endif  // RELEASE_OS_THREAD_POOL_H_
