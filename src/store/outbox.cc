#include "store/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

using nlohmann::json;

constexpr Nanoseconds kPoll = std::chrono::milliseconds(20);
constexpr std::string_view kSuffix = ".json";
constexpr std::int64_t kFirstWait = 30;      // seconds
constexpr std::int64_t kLongestWait = 3600;  // seconds
constexpr unsigned kDoublings = 7;           // 30 s * 2^7 exceeds the longest

std::string TriesPath() { return std::string(kOutbox) + "/.tries"; }

AllTries ParseTries(const std::string& text) {
  AllTries all;
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return all;
  for (const auto& [name, tries] : object.items()) {
    try {
      all[name] = {.count = tries.at("count"),
                   .last = tries.at("last"),
                   .reason = tries.at("reason")};
    } catch (const json::exception&) {
      // Ignore this entry; its delivery is then tried earlier than necessary.
    }
  }
  return all;
}

std::string TriesText(const AllTries& all) {
  if (all.empty()) return "";
  json object = json::object();
  for (const auto& [name, tries] : all) {
    object[name] = {
        {"count", tries.count}, {"last", tries.last}, {"reason", tries.reason}};
  }
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

// Removes files that a crash left half written. Their notices are written again
// when recovery settles the transaction.
void RemoveHalfWritten(Fs* fs) {
  for (const DirEntry& entry : fs->List(Fs::kRoot, kOutbox)) {
    if (!entry.name.starts_with(kTempFilePrefix)) continue;
    fs->RemoveFile(Fs::kRoot, std::string(kOutbox) + "/" + entry.name);
  }
}

}  // namespace

std::string OutboxEntry::Name() const {
  return fmt::format("{:06}-{}{}", transaction, channel, kSuffix);
}

std::string OutboxEntry::Path() const {
  return std::string(kOutbox) + "/" + Name();
}

std::optional<OutboxEntry> ParseOutboxName(std::string_view name) {
  const std::size_t dash = name.find('-');
  if (dash == name.npos || !name.ends_with(kSuffix)) return std::nullopt;
  OutboxEntry entry;
  const auto [stop, error] =
      std::from_chars(name.data(), name.data() + dash, entry.transaction);
  entry.channel =
      name.substr(dash + 1, name.size() - kSuffix.size() - dash - 1);
  // Accept only the spelling that Name gives, e.g. not "42-webhook.json".
  if (error != std::errc() || entry.Name() != name) return std::nullopt;
  return entry;
}

std::vector<OutboxEntry> ListOutbox(Fs* fs) {
  std::vector<OutboxEntry> entries;
  if (!fs->Stat(Fs::kRoot, kOutbox)) return entries;
  for (const DirEntry& file : fs->List(Fs::kRoot, kOutbox)) {
    if (auto entry = ParseOutboxName(file.name)) entries.push_back(*entry);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

void PutNotice(Fs* fs, std::uint64_t transaction,
               const std::vector<std::string>& channels,
               std::string_view text) {
  bool changed = false;
  // `init` makes the outbox, but a notice must not be lost if it is missing.
  if (!fs->Stat(Fs::kRoot, kOutbox)) {
    fs->MakeDirectory(Fs::kRoot, kOutbox, 0750);
    // Make the directory durable before anything in it.
    SyncDirectory(fs, kOwn);
  }
  RemoveHalfWritten(fs);
  for (const OutboxEntry& entry : ListOutbox(fs)) {
    const bool stays = std::find(channels.begin(), channels.end(),
                                 entry.channel) != channels.end();
    if (entry.transaction != transaction || stays) continue;
    changed |= fs->RemoveFile(Fs::kRoot, entry.Path());
  }
  for (const std::string& channel : channels) {
    const OutboxEntry entry{transaction, channel};
    WriteFileAtomically(fs, kOutbox, entry.Name(), text, 0640);
    changed = true;
  }
  // Make the notice durable before the outcome that it reports: a transaction
  // that ends in a power cut is still reported.
  if (changed) SyncDirectory(fs, kOutbox);
}

bool Tries::Due(std::int64_t now) const {
  if (count == 0 || now < last) return true;
  const std::int64_t wait =
      std::min(kLongestWait, kFirstWait << std::min(count - 1, kDoublings));
  return now - last >= wait;
}

AllTries ReadTries(Fs* fs) {
  if (!fs->Stat(Fs::kRoot, TriesPath())) return {};
  return ParseTries(ReadFile(fs, TriesPath()));
}

std::optional<OutboxLock> OutboxLock::Take(Fs* fs, Clock* clock,
                                           Nanoseconds wait) {
  if (!fs->Stat(Fs::kRoot, kOutbox)) return std::nullopt;
  ScopedHandle file(
      fs, fs->Open(Fs::kRoot, TriesPath(), OpenMode::kLockFile, 0640));
  const Nanoseconds give_up = AddSaturated(clock->SinceBoot(), wait);
  while (!fs->TryLock(file.get())) {
    if (clock->SinceBoot() >= give_up) return std::nullopt;
    clock->Sleep(kPoll);
  }
  OutboxLock lock(fs, std::move(file));
  lock.tries = ReadTries(fs);
  return lock;
}

void OutboxLock::Remove(const OutboxEntry& entry) {
  removed_ |= fs_->RemoveFile(Fs::kRoot, entry.Path());
  tries.erase(entry.Name());
}

void OutboxLock::Finish() {
  try {
    // Without this sync a power cut would bring the notices back, and they
    // would be delivered again.
    if (removed_) SyncDirectory(fs_, kOutbox);
    const std::string text = TriesText(tries);
    if (text == ReadFile(fs_, TriesPath())) return;
    // Write in place: the file is also the lock, so it must not be replaced. A
    // reader takes a torn text for an empty one.
    fs_->Truncate(file_.get(), 0);
    fs_->Write(file_.get(), text);
  } catch (const FsError&) {
    // The delivery itself succeeded; a full disk must not turn that into a
    // failure.
  }
}

}  // namespace release
