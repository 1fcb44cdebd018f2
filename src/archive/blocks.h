// Pieces of memory that go from the thread that fills them to the one that
// writes them, and back.
#ifndef RELEASE_ARCHIVE_BLOCKS_H_
#define RELEASE_ARCHIVE_BLOCKS_H_

#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace release {

using Block = std::vector<char>;

// A block, or null. Its bytes do not change while a holder keeps it.
using SharedBlock = std::shared_ptr<const Block>;

// Whether the bytes are part of that block; false for null.
bool Contains(const SharedBlock& block, std::span<const char> bytes);

// The bytes that the holes of sparse files are read as: 64 KiB of zeros. A part
// of them stands for as much of a hole on its whole way: it is hashed like all
// content, but nobody stored it, and it is not written.
std::span<const char> HoleBytes();
bool IsHole(std::span<const char> bytes);

// Gives out objects and, when the last holder has let go of one, gives it out
// again: fresh memory costs more than the work that is done with it. Any thread
// may take and let go, also after the pool is gone. A returned object that has
// a member Clear is cleared; any other keeps its content.
template <typename T>
class Pool {
 public:
  // Makes an object of `arguments` if none is free.
  template <typename... Arguments>
  std::shared_ptr<T> Take(Arguments... arguments) {
    std::unique_ptr<T> object;
    {
      const std::lock_guard lock(free_->mutex);
      if (free_->objects.empty()) {
        // Returning an object must not need memory.
        free_->objects.reserve(++free_->made);
      } else {
        object = std::move(free_->objects.back());
        free_->objects.pop_back();
      }
    }
    if (!object) object = std::make_unique<T>(arguments...);
    return {object.release(), [free = free_](T* returned) {
              if constexpr (requires { returned->Clear(); }) returned->Clear();
              const std::lock_guard lock(free->mutex);
              free->objects.emplace_back(returned);
            }};
  }

 private:
  struct Free {
    std::mutex mutex;
    std::vector<std::unique_ptr<T>> objects;
    std::size_t made = 0;
  };
  std::shared_ptr<Free> free_ = std::make_shared<Free>();
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_BLOCKS_H_
