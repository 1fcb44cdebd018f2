// Transactions that are too old to have a record file of their own.
//
// .release/history has a line for each of them, with a checksum of its own
// (docs/formats.md). A line that cannot be read counts as absent: nothing but
// `history` and `show` reads these.
#ifndef RELEASE_STORE_FOLDED_RECORDS_H_
#define RELEASE_STORE_FOLDED_RECORDS_H_

#include <cstdint>
#include <vector>

#include "store/journal.h"

namespace release {

// Folds the records of all transactions but the `keep` up to `newest` into the
// history, the oldest first and no more than 1,000 in one call, and removes
// their files; waits until a thousandth of `keep` is to be folded. Leaves a
// record that an upload's note names (dropbox/upload_try.h), and damaged ones
// that were set aside. The history holds at most 8 MiB, some 15,000
// transactions; beyond that its older half is dropped.
//
// The history is durable before a file is removed; the removal is not. The
// caller must hold the lock. Throws FsError.
void FoldRecords(Fs* fs, std::uint64_t newest, std::uint64_t keep);

// Returns the transactions of the history that have no file, the newest first.
// Their steps, notes and ledgers are empty. Throws FsError.
std::vector<TransactionRecord> ReadFoldedRecords(Fs* fs);

}  // namespace release

#endif  // RELEASE_STORE_FOLDED_RECORDS_H_
