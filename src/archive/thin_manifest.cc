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
constexpr std::string_view kTime = "time ";

using Range = ThinManifest::Range;
using Times = ThinManifest::Times;
using Entries = std::vector<ManifestEntry>;

bool EndsAt(const Range& range, std::size_t number) {
  return range.first + range.count == number;
}

void Drop(std::vector<Range>* dropped, std::size_t number) {
  if (!dropped->empty() && EndsAt(dropped->back(), number)) {
    ++dropped->back().count;
  } else {
    dropped->push_back({number, 1});
  }
}

void SetTime(std::vector<Times>* times, std::size_t number,
             std::int64_t modified) {
  if (!times->empty() && times->back().modified == modified &&
      EndsAt(times->back().range, number)) {
    ++times->back().range.count;
  } else {
    times->push_back({{number, 1}, modified});
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
    const auto [first, count] = Split(TakeLine());
    return {Number<std::size_t>(first), Number<std::size_t>(count)};
  }

  // Each range must begin where the one before ended, or behind it, so that a
  // short text cannot set the time of one entry many times.
  Times TakeTimes(const std::vector<Times>& before) {
    const auto [first, rest] = Split(TakeLine());
    const auto [count, modified] = Split(rest);
    const Times times{{Number<std::size_t>(first), Number<std::size_t>(count)},
                      Number<std::int64_t>(modified)};
    const Range last = before.empty() ? Range() : before.back().range;
    if (times.range.first < last.first ||
        times.range.first - last.first < last.count) {
      Fail("times are out of order");
    }
    return times;
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

  using Halves = std::pair<std::string_view, std::string_view>;
  Halves Split(std::string_view line) const {
    const std::size_t space = line.find(' ');
    if (space == line.npos) Fail("a range is torn");
    return {line.substr(0, space), line.substr(space + 1)};
  }

  template <typename Value>
  Value Number(std::string_view text) const {
    Value value = 0;
    const char* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || last != end) Fail("a range is no number");
    return value;
  }

  std::string_view rest_;
  const std::string& origin_;
};

const Range& RangeOf(const Range& range) { return range; }
const Range& RangeOf(const Times& times) { return times.range; }

// Goes through ranges in ascending order. Ranges out of order are passed over:
// the digest will differ.
template <typename Item>
class Walk {
 public:
  explicit Walk(const std::vector<Item>& items)
      : next_(items.begin()), end_(items.end()) {}

  // Returns the item with this number in its range; null if there is none. The
  // numbers of successive calls must ascend.
  const Item* At(std::size_t number) {
    while (next_ != end_ && number >= RangeOf(*next_).first &&
           number - RangeOf(*next_).first >= RangeOf(*next_).count) {
      ++next_;
    }
    const bool in = next_ != end_ && number >= RangeOf(*next_).first;
    return in ? &*next_ : nullptr;
  }

 private:
  typename std::vector<Item>::const_iterator next_;
  const typename std::vector<Item>::const_iterator end_;
};

// Merges what is kept of the base with the changed entries; both are sorted by
// path. If both have a path, the result has the changed entry.
Entries Merge(const ThinManifest& thin, const Entries& base) {
  Entries merged;
  merged.reserve(base.size() + thin.changed.entries.size());
  auto next = thin.changed.entries.begin();
  const auto end = thin.changed.entries.end();
  Walk dropped(thin.dropped);
  Walk times(thin.times);
  for (std::size_t i = 0; i < base.size(); ++i) {
    const Times* const time = times.At(i);
    if (dropped.At(i) != nullptr) continue;
    const std::string& path = base[i].path;
    while (next != end && next->path < path) merged.push_back(*next++);
    if (next != end && next->path == path) {
      merged.push_back(*next++);
      continue;
    }
    merged.push_back(base[i]);
    if (time != nullptr) merged.back().modified = time->modified;
  }
  merged.insert(merged.end(), next, end);
  return merged;
}

// Whether nothing differs, or nothing but the time.
bool IsSameButTime(ManifestEntry a, const ManifestEntry& b) {
  a.modified = b.modified;
  return a == b;
}

}  // namespace

Sha256Bytes DigestOf(std::string_view manifest_text) {
  Sha256 digest;
  digest.Update(manifest_text);
  return digest.FinishBytes();
}

Sha256Bytes DigestOf(const Manifest& manifest) {
  Sha256 digest;
  FormatManifest(manifest, [&](std::string_view part) { digest.Update(part); });
  return digest.FinishBytes();
}

ThinManifest DifferenceFrom(const Manifest& base, const Sha256Bytes& digest,
                            const Manifest& whole) {
  ThinManifest thin{.base = digest, .whole = DigestOf(whole)};
  thin.changed.version = whole.version;
  thin.changed.format = whole.format;
  const auto& before = base.entries;
  std::size_t at = 0;
  for (const ManifestEntry& entry : whole.entries) {
    while (at < before.size() && before[at].path < entry.path) {
      Drop(&thin.dropped, at++);
    }
    const bool there = at < before.size() && before[at].path == entry.path;
    if (!there || !IsSameButTime(before[at], entry)) {
      thin.changed.entries.push_back(entry);
    } else if (entry.kind != EntryKind::kSymlink &&
               entry.modified != before[at].modified) {
      SetTime(&thin.times, at, entry.modified);
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
  for (const auto& [range, modified] : thin.times) {
    text +=
        fmt::format("{}{} {} {}\n", kTime, range.first, range.count, modified);
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
  while (lines.Skip(kTime)) thin.times.push_back(lines.TakeTimes(thin.times));
  thin.changed = ParseManifest(lines.rest(), origin);
  return thin;
}

Manifest Restore(const ThinManifest& thin, const Manifest& base,
                 const std::string& origin) {
  Manifest whole{thin.changed.version, Merge(thin, base.entries),
                 thin.changed.format};
  const Sha256Bytes digest = DigestOf(whole);
  if (digest == thin.whole) return whole;
  throw Error(ErrorCode::kManifestMismatch,
              fmt::format("cannot accept {}: its thin manifest does not lead "
                          "to the manifest that it names",
                          Printable(origin)),
              origin, HexText(thin.whole), HexText(digest));
}

}  // namespace release
