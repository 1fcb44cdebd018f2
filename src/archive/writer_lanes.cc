#include "archive/writer_lanes.h"

#include <algorithm>
#include <utility>

namespace release {
namespace {

constexpr std::size_t kMostBatches = 30;  // that wait; one more on each lane
constexpr std::size_t kEnough = 8;        // on a lane, for the caller to help
// A batch of this many small files is handed on before it is full.
constexpr std::size_t kMostPieces = 256;

// A batch of this size is handed on when the directory changes, and the next
// directory may go to another lane.
constexpr std::size_t kWorthALane = std::size_t{64} << 10;
// With this many batches waiting on its lane, a directory continues on another.
constexpr std::size_t kMostOnLane = 6;

}  // namespace

WriterLanes::WriterLanes(Fs* fs, Fs::Handle top,
                         const TreeWriter::Options& options,
                         Inheritance inheritance)
    : threads_(options.threads), own_(fs, top, options, inheritance) {
  const std::size_t count = std::max(threads_, 1U);
  for (std::size_t i = 0; i < count; ++i) {
    lanes_.push_back(std::make_unique<Lane>(fs, top, options, inheritance,
                                            kMostBatches / count));
  }
  lane_ = lanes_.front().get();
}

void WriterLanes::Begin(Piece&& first, std::string_view content,
                        const SharedBlock& kept) {
  // A small file stays in one piece.
  const bool full = batch_ && (batch_->pieces.size() >= kMostPieces ||
                               batch_->room() < content.size() ||
                               batch_->taken >= kBatchBytes);
  const bool leaves = batch_ && first.directory != last_directory_ &&
                      batch_->work() >= kWorthALane;
  if (full || leaves) Submit();
  if (!batch_) BeginBatch(first.directory);
  last_directory_ = first.directory;
  if (first.from) batch_->taken += first.from->size;
  batch_->pieces.push_back(std::move(first));
  open_ = true;
  Fill(content, kept);
}

void WriterLanes::Continue(std::string_view content, const SharedBlock& kept) {
  // The file begun last is no longer whole.
  if (batch_) batch_->pieces.back().whole = false;
  Fill(content, kept);
}

// Begins the batch for the next file: on the lane of its directory, unless that
// lane is behind, else on the lane with the least to do.
void WriterLanes::BeginBatch(const OpenDirectories::Shared& directory) {
  batch_ = pool_.Take();
  if (lanes_.size() == 1) return;
  if (directory == last_directory_ && lane_->pool.pending() < kMostOnLane) {
    return;
  }
  lane_ = std::min_element(lanes_.begin(), lanes_.end(),
                           [](const auto& a, const auto& b) {
                             return a->pool.pending() < b->pool.pending();
                           })
              ->get();
}

// Adds bytes of the file begun last, which stay on its lane.
void WriterLanes::Fill(std::string_view content, const SharedBlock& kept) {
  while (!content.empty()) {
    if (batch_ && batch_->room() == 0) Submit();
    if (!batch_) {
      batch_ = pool_.Take();
      batch_->pieces.emplace_back();
    }
    const auto part = content.substr(0, batch_->room());
    batch_->Add(part, kept);
    content.remove_prefix(part.size());
  }
}

void WriterLanes::Submit() {
  if (!batch_) return;
  auto full = std::exchange(batch_, nullptr);
  if (IsForCaller(*full)) {
    own_.Write(*full);
    own_.CloseFile();
    open_ = false;
    return;
  }
  queued_directory_ = full->pieces.back().directory;
  lane_->pool.Submit({&lane_->writer, std::move(full)});
}

// Whether the caller should write this batch: the lane has enough to do, and
// the caller would not wait for a directory that a lane may be writing.
bool WriterLanes::IsForCaller(const Batch& full) const {
  const auto is_apart = [this](const Piece& piece) {
    return piece.whole && piece.directory != queued_directory_;
  };
  return threads_ > 0 && lane_->pool.pending() >= kEnough &&
         std::all_of(full.pieces.begin(), full.pieces.end(), is_apart);
}

void WriterLanes::Drain() {
  Submit();
  for (const auto& each : lanes_) {
    each->pool.Submit({&each->writer, nullptr});
  }
  for (const auto& each : lanes_) each->pool.Wait();
  open_ = false;
  last_directory_.reset();
  queued_directory_.reset();
}

}  // namespace release
