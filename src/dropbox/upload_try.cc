#include "dropbox/upload_try.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "os/path_rules.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

using nlohmann::json;

// Escapes the names, which need not be UTF-8.
std::string FormatNote(const UploadNote& note) {
  json files = json::array();
  for (const auto& [path, stamp] : note.files) {
    files.push_back({{"path", Escaped(path)},
                     {"inode", stamp.inode},
                     {"size", stamp.size},
                     {"modified", stamp.modified}});
  }
  const json object = {{"transaction", note.transaction},
                       {"upload", Escaped(note.upload)},
                       {"tries", note.tries},
                       {"files", std::move(files)}};
  return object.dump() + "\n";
}

std::string NameOf(const json& value) {
  std::string name;
  if (!Unescape(value.get<std::string>(), &name)) {
    throw std::invalid_argument("bad escape");
  }
  return name;
}

// Returns nullopt if the text is no note: a power cut may have torn it.
std::optional<UploadNote> ParseNote(const std::string& text) {
  try {
    const json object = json::parse(text);
    UploadNote note{.transaction = object.at("transaction"),
                    .upload = NameOf(object.at("upload")),
                    .tries = object.at("tries")};
    for (const json& file : object.at("files")) {
      note.files.emplace_back(
          NameOf(file.at("path")),
          Stamp{file.at("inode"), file.at("size"), file.at("modified")});
    }
    return note;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void WriteNote(Fs* fs, const UploadNote& note) {
  const std::string path = UploadNotePath(note.transaction);
  WriteFileAtomically(fs, kOwn, LeafOf(path), FormatNote(note), 0640);
  // Make the note durable before the upload is read: the upload may bring down
  // the machine.
  SyncDirectory(fs, kOwn);
}

bool IsAbout(const TransactionRecord& record, const UploadNote& note) {
  // A record holds names that are not UTF-8 with other bytes in their place.
  const std::string path = InBox(note.upload);
  return record.begin->source == path || !IsUtf8(path);
}

}  // namespace

bool UploadNote::IsStillThere(Fs* fs) const {
  const std::string checksum = InBox(ChecksumName(upload));
  const auto known =
      std::find_if(files.begin(), files.end(),
                   [&](const auto& file) { return file.first == checksum; });
  return known != files.end() && StampOf(fs, checksum) == known->second;
}

std::vector<UploadNote> ReadUploadNotes(Fs* fs) {
  std::vector<UploadNote> notes;
  if (!fs->Stat(Fs::kRoot, kOwn)) return notes;
  for (const DirEntry& entry : fs->List(Fs::kRoot, kOwn)) {
    if (!entry.name.starts_with(kUploadNotePrefix)) continue;
    try {
      const std::string path = fmt::format("{}/{}", kOwn, entry.name);
      if (auto note = ParseNote(ReadFile(fs, path))) {
        notes.push_back(std::move(*note));
      }
    } catch (const FsError&) {
      // Another process has removed it, or it cannot be read: count nothing.
    }
  }
  std::sort(notes.begin(), notes.end(),
            [](const UploadNote& a, const UploadNote& b) {
              return a.transaction < b.transaction;
            });
  return notes;
}

void RemoveUploadNote(Fs* fs, std::uint64_t transaction) {
  try {
    fs->RemoveFile(Fs::kRoot, UploadNotePath(transaction));
  } catch (const FsError&) {
    // Harmless: a later command reads the note and comes to the same result.
  }
}

std::optional<EndRecord> FindEnd(Fs* fs, const UploadNote& note) {
  TransactionRecord record;
  try {
    record = ReadRecord(fs, note.transaction);
  } catch (const FsError&) {
    return std::nullopt;
  }
  // A record that was never begun leaves its number to another transaction.
  if (!record.begin || !record.end || !IsAbout(record, note)) {
    return std::nullopt;
  }
  const bool interrupted =
      record.end->code == CodeName(ErrorCode::kInterrupted);
  if (interrupted && note.tries <= kTriesOfUpload) return std::nullopt;
  return std::move(record.end);
}

UploadTry::UploadTry(Fs* fs, UploadNote note)
    : fs_(fs), note_(std::move(note)) {
  note_.tries = 1;
  try {
    const std::vector<UploadNote> notes = ReadUploadNotes(fs);
    for (const UploadNote& earlier : notes) {
      if (earlier.upload != note_.upload || !earlier.IsStillThere(fs)) continue;
      note_.tries = std::max(note_.tries, earlier.tries + 1);
    }
    WriteNote(fs, note_);
    written_ = true;
    for (const UploadNote& earlier : notes) {
      const bool same = earlier.upload == note_.upload;
      if (same && earlier.transaction != note_.transaction) {
        RemoveUploadNote(fs, earlier.transaction);
      }
    }
  } catch (const FsError&) {
    // Not counted; the transaction reports the same failure. See the header.
  }
}

UploadTry::~UploadTry() {
  if (kept_) return;
  try {
    RemoveUploadNote(fs_, note_.transaction);
  } catch (...) {
    // As there; a destructor must throw nothing at all.
  }
}

void UploadTry::Keep() {
  kept_ = true;
  if (written_) return;
  try {
    WriteNote(fs_, note_);
  } catch (const FsError&) {
    // The disk takes no note, so the next run tries the upload again.
  }
}

}  // namespace release
