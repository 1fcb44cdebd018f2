// Decodes some entries of an archive before the reader reaches them, in a
// thread of its own.
#ifndef RELEASE_ARCHIVE_PREFETCH_DECODER_H_
#define RELEASE_ARCHIVE_PREFETCH_DECODER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "archive/parser.h"
#include "archive/spool.h"

namespace release {

// Decodes half of a zip's entries, group by group; the reader decodes the other
// half meanwhile. Holds at most about 2 MiB that were not yet taken.
class PrefetchDecoder {
 public:
  // `bytes` is the whole archive. Throws std::system_error if the system
  // provides no thread.
  PrefetchDecoder(Format format, SpoolCopy bytes, std::string name);
  // Stops the thread soon and joins it.
  ~PrefetchDecoder();
  PrefetchDecoder(const PrefetchDecoder&) = delete;
  PrefetchDecoder& operator=(const PrefetchDecoder&) = delete;

  // Whether this decodes the entry of that number, counted from 0.
  static bool Decodes(std::uint64_t entry);

  // As ArchiveParser::NextBlock, for the entry of this number; numbers must not
  // decrease. Throws the error that decoding ended with.
  std::span<const char> NextBlock(std::uint64_t entry);

 private:
  struct Block {
    std::uint64_t entry = 0;
    std::vector<char> bytes;  // empty: the end of the entry
  };

  void Run();
  void DecodeAll();
  // False if the thread must stop.
  bool Put(std::uint64_t entry, std::span<const char> bytes);
  // Makes the next block the current one, once there is one.
  void Take();

  SpoolCopy bytes_;
  ArchiveParser parser_;  // used by the thread alone
  std::mutex mutex_;
  std::condition_variable put_;
  std::condition_variable taken_;
  std::deque<Block> blocks_;
  std::size_t held_ = 0;  // bytes in blocks_
  bool stopping_ = false;
  bool ended_ = false;
  std::exception_ptr error_;  // what ended it
  Block current_;
  std::thread thread_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_PREFETCH_DECODER_H_
