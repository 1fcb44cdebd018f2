#include "inspect/release_facts.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "deploy/deployment_state.h"
#include "store/folded_records.h"
#include "store/instance_link.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/verify.h"

namespace release {
namespace {

bool Concerns(const TransactionRecord& record, const Version& version) {
  if (!record.begin) return false;
  const auto& from = record.begin->from_target;
  return record.begin->to == version ||
         (record.switching && from && VersionOfTarget(*from) == version);
}

std::vector<TransactionRecord> TransactionsOf(Fs* fs, const Version& version) {
  std::vector<TransactionRecord> found;
  for (const std::uint64_t number : ListRecords(fs)) {
    // A transaction that ends meanwhile removes old records.
    if (!fs->Stat(Fs::kRoot, RecordPath(number))) continue;
    TransactionRecord record = ReadRecord(fs, number);
    if (Concerns(record, version)) found.push_back(std::move(record));
  }
  std::reverse(found.begin(), found.end());
  for (TransactionRecord& record : ReadFoldedRecords(fs)) {
    if (Concerns(record, version)) found.push_back(std::move(record));
  }
  return found;
}

ListedRelease FindListed(DeployContext* context, const Version& version) {
  std::set<Version> present;
  for (ListedRelease& each : ListKnown(context)) {
    if (each.entry.version == version) return std::move(each);
    present.insert(each.entry.version);
  }
  ThrowNoSuchRelease(present, version);
}

void CompareWithManifest(DeployContext* context, ReleaseFacts* facts) {
  const Version& version = facts->listed.entry.version;
  try {
    facts->entries = LoadManifest(context->fs, version).entries.size();
    facts->differences = WithoutInstanceLink(
        *context->config, CompareShape(context->fs, version,
                                       context->ThreadsFor(kVerifyThreads)));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInterrupted) throw;
    facts->unverified = error.what();
  }
}

}  // namespace

ReleaseFacts ReadReleaseFacts(DeployContext* context, const Version& version) {
  ReleaseFacts facts{.listed = FindListed(context, version)};
  CompareWithManifest(context, &facts);
  facts.transactions = TransactionsOf(context->fs, version);
  return facts;
}

std::optional<TransactionRecord> FindTransaction(Fs* fs,
                                                 const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || last != end) return std::nullopt;
  if (fs->Stat(Fs::kRoot, RecordPath(number))) return ReadRecord(fs, number);
  for (TransactionRecord& record : ReadFoldedRecords(fs)) {
    if (record.number == number) return std::move(record);
  }
  return std::nullopt;
}

}  // namespace release
