#include "base/manifest_text.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "base/error.h"
#include "base/hex.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::string_view kMagic = "release-manifest ";
constexpr unsigned kNewestFormat = 2;
constexpr std::size_t kPart = std::size_t{64} << 10;  // given out at once
constexpr std::string_view kArrow = " -> ";

bool IsPlain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '\\';
  });
}

// Appends a name bare if it is printable ASCII without spaces, and in quotes
// otherwise. A space outside quotes therefore always ends a name.
void AppendName(std::string* out, std::string_view name) {
  if (IsPlain(name)) {
    out->append(name);
  } else {
    out->append(Quoted(name));
  }
}

void AppendMode(std::string* out, unsigned mode) {
  for (int shift = 9; shift >= 0; shift -= 3) {
    *out += static_cast<char>('0' + (mode >> shift & 7));
  }
}

void AppendNumber(std::string* out, auto number) {
  *out += fmt::format_int(number).c_str();
  *out += ' ';
}

void AppendAttributes(std::string* out, const ManifestEntry& entry,
                      unsigned format) {
  AppendMode(out, entry.mode);
  *out += ' ';
  if (format >= 2) AppendNumber(out, entry.modified);
}

void AppendContent(std::string* out, const ManifestEntry& entry,
                   unsigned format) {
  AppendNumber(out, entry.size);
  AppendHex(out, entry.hash);
  *out += ' ';
  if (format < 2) return;
  AppendHex(out, entry.sha256);
  *out += ' ';
}

void AppendEntry(std::string* out, const ManifestEntry& entry,
                 unsigned format) {
  switch (entry.kind) {
    case EntryKind::kFile:
      *out += "f ";
      AppendAttributes(out, entry, format);
      AppendContent(out, entry, format);
      break;
    case EntryKind::kDirectory:
      *out += "d ";
      AppendAttributes(out, entry, format);
      break;
    case EntryKind::kSymlink:
      *out += "l ";
      break;
  }
  AppendName(out, entry.path);
  if (entry.kind == EntryKind::kSymlink) {
    *out += kArrow;
    AppendName(out, entry.target);
  }
  *out += '\n';
}

// `check` is the XXH3-64 of all of the text above the end line.
std::string EndLine(std::size_t count, std::uint64_t check) {
  return fmt::format("end {} {:016x}\n", count, check);
}

// Returns whether the path stays inside the release: relative, without empty,
// "." or ".." components. A manifest can come from an untrusted archive.
bool IsInside(std::string_view path) {
  if (path.find('\0') != path.npos) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

// A line of a manifest, as an error message names it.
struct LinePlace {
  const std::string& origin;
  std::size_t number = 0;

  [[noreturn]] void Fail(const std::string& reason) const {
    throw Error(ErrorCode::kManifestUnreadable,
                fmt::format("cannot read manifest {}: line {}: {}",
                            Quoted(origin), number, reason),
                origin);
  }
};

// Takes the fields of a line from its front. Each Take method throws Error
// kManifestUnreadable if the line does not go on with such a field.
class LineFields {
 public:
  // Borrows the place.
  LineFields(std::string_view line, const LinePlace& place)
      : rest_(line), place_(place) {}

  std::string_view rest() const { return rest_; }

  // Consumes the prefix; returns false if the line does not go on with it.
  bool Skip(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  void Expect(std::string_view prefix) {
    if (!Skip(prefix)) place_.Fail(fmt::format("{} expected", Quoted(prefix)));
  }

  // Four octal digits and a space.
  unsigned TakeMode() {
    unsigned mode = 0;
    if (rest_.size() < 5 || rest_[4] != ' ') place_.Fail("no mode");
    for (const char c : rest_.substr(0, 4)) {
      if (c < '0' || c > '7') place_.Fail("no mode");
      mode = mode << 3 | static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(5);
    return mode;
  }

  // A number and a space.
  template <typename Number>
  Number TakeNumber() {
    Number value = 0;
    const char* begin = rest_.data();
    const auto [end, error] =
        std::from_chars(begin, begin + rest_.size(), value);
    // A number has one spelling: without a sign or zeros that say nothing.
    const std::string_view digits(begin, static_cast<std::size_t>(end - begin));
    if (error != std::errc() || digits != fmt::format_int(value).c_str()) {
      place_.Fail("no number");
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - begin));
    Expect(" ");
    return value;
  }

  // The hex digits of as many bytes, and a space.
  void TakeHash(std::span<unsigned char> bytes) {
    const std::size_t digits = 2 * bytes.size();
    if (rest_.size() <= digits || rest_[digits] != ' ' ||
        !ParseHex(rest_.substr(0, digits), bytes)) {
      place_.Fail("no hash");
    }
    rest_.remove_prefix(digits + 1);
  }

  // A bare or a quoted name. A bare name that should be in quotes is refused.
  std::string TakeName() {
    if (!rest_.starts_with('"')) {
      std::string name(rest_.substr(0, rest_.find(' ')));
      if (!IsPlain(name)) place_.Fail("a name that must be in quotes");
      rest_.remove_prefix(name.size());
      return name;
    }
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') {
      end += rest_[end] == '\\' ? 2 : 1;
    }
    if (end >= rest_.size()) place_.Fail("unclosed quotes");
    std::string name;
    if (!Unescape(rest_.substr(1, end - 1), &name)) {
      place_.Fail("unknown escape");
    }
    rest_.remove_prefix(end + 1);
    return name;
  }

 private:
  std::string_view rest_;  // the part that is not yet consumed
  const LinePlace& place_;
};

// Parses a manifest in one pass, line by line. The checksum is verified last,
// when the position of the end line is known. Until then the entries are
// unverified, so every field is validated as it is read.
class ManifestParser {
 public:
  ManifestParser(std::string_view text, const std::string& origin)
      : text_(text), rest_(text), place_{origin} {}

  Manifest Parse() {
    Manifest manifest;
    manifest.format = format_ = TakeHeader();
    // Estimates 64 bytes for each entry, to avoid most reallocations.
    manifest.entries.reserve(text_.size() / 64);
    for (NextLine(); !line_.starts_with("end "); NextLine()) {
      LineFields fields(line_, place_);
      if (place_.number == 2 && fields.Skip("version ")) {
        manifest.version = Version::Parse(fields.rest());
        if (!manifest.version) place_.Fail("no version name");
        continue;
      }
      ManifestEntry entry = EntryOf(&fields);
      // Compare and look-ups rely on the order, which also rules out
      // duplicates.
      if (!manifest.entries.empty() &&
          manifest.entries.back().path >= entry.path) {
        place_.Fail("path out of order");
      }
      manifest.entries.push_back(std::move(entry));
    }
    CheckEnd(manifest.entries.size());
    return manifest;
  }

 private:
  void NextLine() {
    ++place_.number;
    const std::size_t end = rest_.find('\n');
    if (end == rest_.npos) {
      place_.Fail(rest_.empty() ? "torn: the end line is missing"
                                : "torn line");
    }
    line_start_ = static_cast<std::size_t>(rest_.data() - text_.data());
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
  }

  unsigned TakeHeader() {
    NextLine();
    LineFields fields(line_, place_);
    if (!fields.Skip(kMagic)) place_.Fail("this is no manifest");
    for (unsigned format = 1; format <= kNewestFormat; ++format) {
      if (fields.rest() == std::to_string(format)) return format;
    }
    place_.Fail(
        fmt::format("format version {}, but this program knows only "
                    "1 to {}",
                    Quoted(fields.rest().substr(0, 64)), kNewestFormat));
  }

  void TakeAttributes(LineFields* fields, ManifestEntry* entry) const {
    entry->mode = fields->TakeMode();
    if (format_ >= 2) entry->modified = fields->TakeNumber<std::int64_t>();
  }

  ManifestEntry EntryOf(LineFields* fields) const {
    ManifestEntry entry;
    if (fields->Skip("f ")) {
      TakeAttributes(fields, &entry);
      entry.size = fields->TakeNumber<std::uint64_t>();
      fields->TakeHash(entry.hash);
      if (format_ >= 2) fields->TakeHash(entry.sha256);
    } else if (fields->Skip("d ")) {
      entry.kind = EntryKind::kDirectory;
      TakeAttributes(fields, &entry);
    } else if (fields->Skip("l ")) {
      entry.kind = EntryKind::kSymlink;
    } else {
      place_.Fail("neither a file, a directory nor a link");
    }
    entry.path = fields->TakeName();
    if (!IsInside(entry.path)) place_.Fail("path is not inside the release");
    if (entry.kind == EntryKind::kSymlink) {
      fields->Expect(kArrow);
      entry.target = fields->TakeName();
      if (entry.target.empty()) place_.Fail("empty link target");
    }
    if (!fields->rest().empty()) place_.Fail("more than one entry in a line");
    return entry;
  }

  void CheckEnd(std::size_t count) const {
    const std::string_view found = text_.substr(line_start_);
    const std::string expected =
        EndLine(count, XXH3_64bits(text_.data(), line_start_));
    if (!found.starts_with(expected)) {
      place_.Fail("altered: the count or checksum at the end does not fit");
    }
    if (found.size() != expected.size()) {
      place_.Fail("something follows the end line");
    }
  }

  std::string_view text_;
  std::string_view rest_;  // the text after the current line
  std::string_view line_;
  std::size_t line_start_ = 0;
  unsigned format_ = 1;
  LinePlace place_;  // of the current line
};

}  // namespace

std::string FormatManifest(const Manifest& manifest) {
  std::string out;
  out.reserve(64 +
              manifest.entries.size() * (manifest.format == 1 ? 128 : 208));
  FormatManifest(manifest, [&](std::string_view part) { out += part; });
  return out;
}

void FormatManifest(const Manifest& manifest,
                    const std::function<void(std::string_view)>& sink) {
  XXH3_state_t check;
  XXH3_64bits_reset(&check);
  std::string part;
  const auto give = [&] {
    XXH3_64bits_update(&check, part.data(), part.size());
    sink(part);
    part.clear();
  };
  part += fmt::format("{}{}\n", kMagic, manifest.format);
  if (manifest.version) part += "version " + manifest.version->name() + '\n';
  for (const ManifestEntry& entry : manifest.entries) {
    AppendEntry(&part, entry, manifest.format);
    if (part.size() >= kPart) give();
  }
  give();
  sink(EndLine(manifest.entries.size(), XXH3_64bits_digest(&check)));
}

Manifest ParseManifest(std::string_view text, const std::string& origin) {
  return ManifestParser(text, origin).Parse();
}

}  // namespace release
