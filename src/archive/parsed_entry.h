// libarchive's terms in ours: its entries, its warnings about them, and its
// messages, which are all it has for its failures.
#ifndef RELEASE_ARCHIVE_PARSED_ENTRY_H_
#define RELEASE_ARCHIVE_PARSED_ENTRY_H_

#include <string>
#include <string_view>

#include "archive/entry.h"

struct archive_entry;

namespace release {

// Whether a backslash in the names of a zip separates directories, as for
// Windows, or is a letter.
enum class Backslash { kSeparator, kLetter };

// Which letters the names of a zip are in, where they are not UTF-8.
enum class OtherLetters { kRefused, kCp437 };

// How the names of a zip are to be read.
struct ZipNames {
  Backslash backslash = Backslash::kSeparator;
  OtherLetters other_letters = OtherLetters::kRefused;
};

// While one lives, libarchive takes backslashes on this thread as said. Without
// one they are separators, since it does not read which system made an entry.
class BackslashScope {
 public:
  explicit BackslashScope(Backslash meaning);
  ~BackslashScope();
  BackslashScope(const BackslashScope&) = delete;
  BackslashScope& operator=(const BackslashScope&) = delete;
};

// Throws Error kUnsafeEntry if the name or link target is not UTF-8. `archive`
// is its name, for messages.
ArchiveEntry ConvertEntry(archive_entry* entry, const std::string& archive);

// Judges the warning that libarchive gave with an entry: returns if it is about
// something that is not unpacked anyway. Throws Error kUnsafeEntry if a name is
// not UTF-8, else kArchiveCorrupt.
void CheckWarning(archive_entry* entry, const std::string& warning,
                  const std::string& archive);

// A warning about attributes that are not unpacked anyway.
bool IsHarmless(std::string_view warning);

// A name that is not in the encoding it must be in.
bool IsAboutName(std::string_view warning);

// A valid feature of an archive that libarchive cannot read.
bool IsAboutSupport(std::string_view message);

// A header of the format is missing.
bool IsAboutFormat(std::string_view message);

// The beginning of a name or message that comes out of an archive, where it may
// be as long as it likes: 512 bytes.
std::string Beginning(std::string_view text);

}  // namespace release

#endif  // RELEASE_ARCHIVE_PARSED_ENTRY_H_
