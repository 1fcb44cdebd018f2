// The threads that write the files of a release, and how files are spread over
// them. A part of archive/tree_writer.h.
#ifndef RELEASE_ARCHIVE_WRITER_LANES_H_
#define RELEASE_ARCHIVE_WRITER_LANES_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/batch_writer.h"
#include "archive/blocks.h"
#include "archive/open_directories.h"
#include "archive/tree_writer.h"
#include "os/fs.h"
#include "os/thread_pool.h"

namespace release {

// Creating files costs more than filling them: most of the time goes into the
// kernel's work for each name. Therefore several threads write the files, each
// from a lane, a queue of its own. Two facts decide how files are spread over
// the lanes. The kernel lets only one thread at a time create names in a
// directory, so files of one directory follow one another on one lane, as long
// as that lane is not far behind the others. And waking a thread for each small
// file would cost as much as writing it, so files are gathered in batches of
// 256 KiB. A batch goes to one lane, where the last file of one batch may go on
// in the next: a lane writes its batches in order.
//
// Batches bound the memory: kMostBatches wait in all, and Submit blocks the
// caller when its lane is full. Before it comes to that, the caller writes a
// batch itself, if no lane can be in the same directory and the batch holds
// whole files only. Contents are not copied if the block that holds them can be
// kept until they are written.
class WriterLanes {
 public:
  // As TreeWriter; `inheritance` is that of the top.
  WriterLanes(Fs* fs, Fs::Handle top, const TreeWriter::Options& options,
              Inheritance inheritance);

  // Adds the file that `first` begins, of which its content is not yet set, and
  // this content of it.
  void Begin(Piece&& first, std::string_view content, const SharedBlock& kept);
  // Adds bytes to the file begun last, which must be open.
  void Continue(std::string_view content, const SharedBlock& kept);
  // Whether the file begun last can be continued.
  bool file_is_open() const { return open_; }
  // Waits until all added files are written and closed, and lets go of their
  // directories.
  void Drain();

 private:
  // Writes a batch; without one, closes the file that the last one left open.
  struct Order {
    void operator()() const {
      if (batch) {
        writer->Write(*batch);
      } else {
        writer->CloseFile();
      }
    }
    BatchWriter* writer;
    std::shared_ptr<const Batch> batch;
  };
  // A thread and the writer that it alone uses.
  struct Lane {
    Lane(Fs* fs, Fs::Handle top, const TreeWriter::Options& options,
         Inheritance inheritance, std::size_t room)
        : writer(fs, top, options, inheritance),
          pool(options.threads == 0 ? 0 : 1, room) {}
    BatchWriter writer;
    ThreadPool<Order> pool;  // last: its thread uses the writer
  };

  void BeginBatch(const OpenDirectories::Shared& directory);
  void Fill(std::string_view content, const SharedBlock& kept);
  void Submit();
  bool IsForCaller(const Batch& full) const;

  const unsigned threads_;
  Pool<Batch> pool_;
  std::shared_ptr<Batch> batch_;              // being filled, for `lane_`
  bool open_ = false;                         // the file begun last
  OpenDirectories::Shared last_directory_;    // of that file
  OpenDirectories::Shared queued_directory_;  // of the last file on a lane
  BatchWriter own_;                           // of the caller
  std::vector<std::unique_ptr<Lane>>
      lanes_;  // last: their threads use the rest
  Lane* lane_ = nullptr;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_WRITER_LANES_H_
