#include "os/thread_pool.h"

#include <exception>
#include <limits>
#include <utility>

namespace release {

ThreadPool::ThreadPool(unsigned threads, std::size_t room) : room_(room) {
  try {
    while (threads_.size() < threads) {
      threads_.emplace_back([this] { RunTasks(); });
    }
  } catch (const std::exception&) {
    // No thread, or no memory for one: work with the threads that could be
    // started. Without any, Enqueue runs each task itself.
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    tasks_.clear();
  }
  added_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::RunTasks() {
  std::unique_lock lock(mutex_);
  while (true) {
    added_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    Run(&lock);
  }
}

// Runs the first task without holding the lock; holds it again on return. After
// the first exception, the remaining tasks are dropped.
void ThreadPool::Run(std::unique_lock<std::mutex>* lock) {
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  ++running_;
  lock->unlock();
  std::exception_ptr error;
  try {
    task();
  } catch (...) {
    error = std::current_exception();
  }
  // Destroy the task before reporting it as done: callers may rely on its
  // captured objects being released then.
  task = nullptr;
  lock->lock();
  if (error && !error_) error_ = error;
  if (error_) tasks_.clear();
  --running_;
  finished_.notify_all();
}

// An exception of a task also wakes a caller that waits for room: the queue is
// then emptied and never used again.
void ThreadPool::Enqueue(Task task, std::size_t room) {
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

void ThreadPool::Submit(Task task) { Enqueue(std::move(task), room_); }

void ThreadPool::SubmitFromTask(Task task) {
  Enqueue(std::move(task), std::numeric_limits<std::size_t>::max());
}

void ThreadPool::Wait() {
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return tasks_.empty() && running_ == 0; });
  if (error_) std::rethrow_exception(error_);
}

std::size_t ThreadPool::pending() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size() + running_;
}

}  // namespace release
