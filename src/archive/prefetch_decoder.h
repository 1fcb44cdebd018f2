// Decodes some entries of an archive before they are asked for, in a thread of
// its own.
#ifndef RELEASE_ARCHIVE_PREFETCH_DECODER_H_
#define RELEASE_ARCHIVE_PREFETCH_DECODER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "archive/parser.h"

namespace release {

// Half of a zip's entries, group by group; whoever reads the archive decodes
// the others meanwhile. Holds at most some 2 MiB that nobody asked for yet.
class PrefetchDecoder {
 public:
  // `bytes` are those of the whole archive, for this thread alone.
  PrefetchDecoder(Format format, std::unique_ptr<ParserBytes> bytes,
                  std::string name);
  // Stops soon; no thread outlives it.
  ~PrefetchDecoder();
  PrefetchDecoder(const PrefetchDecoder&) = delete;
  PrefetchDecoder& operator=(const PrefetchDecoder&) = delete;

  // Whether the entry of this number, from 0 on, is one that it decodes.
  static bool Decodes(std::uint64_t entry);

  // As ArchiveParser has it, of the entry of this number; the numbers must not
  // fall. Throws what stood in the way of decoding it.
  std::span<const char> NextBlock(std::uint64_t entry);

 private:
  struct Block {
    std::uint64_t entry = 0;
    std::vector<char> bytes;  // none: the end of the entry
  };

  void TransactionSpec();
  void DecodeAll();
  // False where the work is to stop.
  bool Put(std::uint64_t entry, std::span<const char> bytes);
  // Makes the next block the current one, once there is one.
  void Take();

  std::unique_ptr<ParserBytes> bytes_;
  ArchiveParser parser_;  // of the thread, once that runs
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
