#include "archive/thin_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/hex.h"
#include "base/manifest_text.h"
#include "base/text.h"
#include "trust/digest.h"

namespace release {
namespace {

constexpr std::string_view kHeader = "release-thin-manifest 1\n";
constexpr std::string_view kAnyHeader = "release-thin-manifest ";
constexpr std::string_view kBase = "base ";
constexpr std::string_view kWhole = "whole ";
constexpr std::string_view kDrop = "drop ";

using Range = ThinManifest::Range;
using Entries = std::vector<ManifestEntry>;

void Drop(std::vector<Range>* dropped, std::size_t number) {
  const bool follows = !dropped->empty() &&
                       dropped->back().first + dropped->back().count == number;
  if (follows) {
    ++dropped->back().count;
  } else {
    dropped->push_back({number, 1});
  }
}

// Takes the lines of the text from its front.
class Lines {
 public:
  Lines(std::string_view text, const std::string& origin)
      : rest_(text), origin_(origin) {}

  std::string_view rest() const { return rest_; }

  bool Skip(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  Sha256Bytes TakeDigest(std::string_view name) {
    Sha256Bytes digest;
    if (!Skip(name) || !ParseHex(TakeLine(), digest)) {
      Fail(fmt::format("it has no digest {}", Quoted(name)));
    }
    return digest;
  }

  Range TakeRange() {
    const std::string_view line = TakeLine();
    const std::size_t space = line.find(' ');
    if (space == line.npos) Fail("a range is torn");
    return {Number(line.substr(0, space)), Number(line.substr(space + 1))};
  }

  [[noreturn]] void Fail(const std::string& reason) const {
    throw Error(ErrorCode::kManifestUnreadable,
                fmt::format("cannot read thin manifest {}: {}", Quoted(origin_),
                            reason),
                origin_);
  }

 private:
  std::string_view TakeLine() {
    const std::size_t end = rest_.find('\n');
    if (end == rest_.npos) Fail("a line is torn");
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }

  std::size_t Number(std::string_view text) const {
    std::size_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || last != end) Fail("a range is no number");
    return value;
  }

  std::string_view rest_;
  const std::string& origin_;
};

// Returns the entries of the base that are not in `dropped`. Ranges beyond its
// end, or out of order, drop nothing: the digest will differ.
Entries Kept(const Entries& base, const std::vector<Range>& dropped) {
  Entries kept;
  kept.reserve(base.size());
  auto range = dropped.begin();
  for (std::size_t i = 0; i < base.size(); ++i) {
    while (range != dropped.end() && i >= range->first &&
           i - range->first >= range->count) {
      ++range;
    }
    const bool drop = range != dropped.end() && i >= range->first;
    if (!drop) kept.push_back(base[i]);
  }
  return kept;
}

// Merges two lists that are sorted by path. If both have a path, the result has
// the entry of `changed`.
Entries Merge(Entries kept, const Entries& changed) {
  Entries merged;
  merged.reserve(kept.size() + changed.size());
  auto next = changed.begin();
  for (ManifestEntry& entry : kept) {
    for (; next != changed.end() && next->path < entry.path; ++next) {
      merged.push_back(*next);
    }
    const bool replaced = next != changed.end() && next->path == entry.path;
    merged.push_back(replaced ? *next++ : std::move(entry));
  }
  merged.insert(merged.end(), next, changed.end());
  return merged;
}

// Whether a line of the text is the same for both.
bool SameLine(ManifestEntry a, const ManifestEntry& b) {
  if (a.kind == EntryKind::kSymlink) a.modified = b.modified;
  return a == b;
}

}  // namespace

Sha256Bytes DigestOf(std::string_view manifest_text) {
  Sha256 digest;
  digest.Update(manifest_text);
  return digest.FinishBytes();
}

ThinManifest DifferenceFrom(const Manifest& base, const Sha256Bytes& digest,
                            const Manifest& whole) {
  ThinManifest thin{.base = digest, .whole = DigestOf(FormatManifest(whole))};
  thin.changed.version = whole.version;
  thin.changed.format = whole.format;
  const auto& before = base.entries;
  std::size_t at = 0;
  for (const ManifestEntry& entry : whole.entries) {
    while (at < before.size() && before[at].path < entry.path) {
      Drop(&thin.dropped, at++);
    }
    const bool there = at < before.size() && before[at].path == entry.path;
    if (!there || !SameLine(before[at], entry)) {
      thin.changed.entries.push_back(entry);
    }
    if (there) ++at;
  }
  while (at < before.size()) Drop(&thin.dropped, at++);
  return thin;
}

std::string FormatThinManifest(const ThinManifest& thin) {
  std::string text =
      fmt::format("{}{}{}\n{}{}\n", kHeader, kBase, HexText(thin.base), kWhole,
                  HexText(thin.whole));
  for (const Range& range : thin.dropped) {
    text += fmt::format("{}{} {}\n", kDrop, range.first, range.count);
  }
  return text + FormatManifest(thin.changed);
}

bool IsThinManifest(std::string_view text) {
  return text.starts_with(kAnyHeader);
}

ThinManifest ParseThinManifest(std::string_view text,
                               const std::string& origin) {
  Lines lines(text, origin);
  if (!lines.Skip(kHeader)) {
    lines.Fail("this program knows only thin manifests of version 1");
  }
  ThinManifest thin;
  thin.base = lines.TakeDigest(kBase);
  thin.whole = lines.TakeDigest(kWhole);
  while (lines.Skip(kDrop)) thin.dropped.push_back(lines.TakeRange());
  thin.changed = ParseManifest(lines.rest(), origin);
  return thin;
}

Manifest Restore(const ThinManifest& thin, const Manifest& base,
                 const std::string& origin) {
  Manifest whole{thin.changed.version,
                 Merge(Kept(base.entries, thin.dropped), thin.changed.entries),
                 thin.changed.format};
  const Sha256Bytes digest = DigestOf(FormatManifest(whole));
  if (digest == thin.whole) return whole;
  throw Error(ErrorCode::kManifestMismatch,
              fmt::format("cannot accept {}: its thin manifest does not lead "
                          "to the manifest that it names",
                          Printable(origin)),
              origin, HexText(thin.whole), HexText(digest));
}

}  // namespace release
