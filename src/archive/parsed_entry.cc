#include "archive/parsed_entry.h"

#include <archive_entry.h>

#include <cerrno>
#include <cstdint>
#include <cwchar>

#include "base/text.h"
#include "os/file_info.h"
#include "os/input.h"

// libarchive converts names to the character set of the process's locale, and
// loses what that cannot express. The linker redirects these calls of it
// to the functions below (CMakeLists.txt, --wrap): names are UTF-8 whatever
// locales the host has, and no converter, which is a library of the host, is
// loaded for them. libarchive itself converts names that come in UTF-16. It
// converts each name to wide characters, one call for each letter, only to look
// at the name's end; so ASCII takes a short way. In a zip it replaces
// backslashes if wcschr finds one in a name.
namespace {
thread_local bool g_backslash_is_letter = false;
}  // namespace

extern "C" {

wchar_t* __real_wcschr(const wchar_t*, wchar_t);

wchar_t* __wrap_wcschr(const wchar_t* text, wchar_t letter) {
  if (letter == L'\\' && g_backslash_is_letter) return nullptr;
  return __real_wcschr(text, letter);
}

std::size_t __real_mbrtowc(wchar_t*, const char*, std::size_t, std::mbstate_t*);

std::size_t __wrap_mbrtowc(wchar_t* out, const char* in, std::size_t size,
                           std::mbstate_t* state) {
  // ASCII is the same in every locale that a host may have.
  if (out == nullptr || in == nullptr || size == 0 || *in <= 0) {
    return __real_mbrtowc(out, in, size, state);
  }
  *out = *in;
  return 1;
}

char* __wrap_nl_langinfo(int) {
  static char name[] = "UTF-8";
  return name;
}

void* __wrap_iconv_open(const char*, const char*) {
  errno = EINVAL;
  return reinterpret_cast<void*>(std::intptr_t{-1});
}

}  // extern "C"

namespace release {
namespace {

ArchiveEntry::Kind KindOf(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) {
    return ArchiveEntry::Kind::kHardLink;
  }
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return ArchiveEntry::Kind::kFile;
    case AE_IFDIR:
      return ArchiveEntry::Kind::kDirectory;
    case AE_IFLNK:
      return ArchiveEntry::Kind::kSymlink;
    default:
      return ArchiveEntry::Kind::kOther;
  }
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

[[noreturn]] void RefuseName(const std::string& entry, const char* path) {
  throw Error(ErrorCode::kUnsafeEntry,
              "cannot unpack " + entry + ": its name is not UTF-8",
              Beginning(path == nullptr ? "" : path));
}

}  // namespace

BackslashScope::BackslashScope(Backslash meaning) {
  g_backslash_is_letter = meaning == Backslash::kLetter;
}

BackslashScope::~BackslashScope() { g_backslash_is_letter = false; }

ArchiveEntry ConvertEntry(archive_entry* entry, const std::string& archive) {
  ArchiveEntry out;
  out.kind = KindOf(entry);
  const bool link = out.kind == ArchiveEntry::Kind::kSymlink;
  const bool hard_link = out.kind == ArchiveEntry::Kind::kHardLink;
  const char* path = archive_entry_pathname(entry);
  const char* target = link        ? archive_entry_symlink(entry)
                       : hard_link ? archive_entry_hardlink(entry)
                                   : "";
  if (path == nullptr || target == nullptr) {
    RefuseName("an entry of " + Quoted(archive), path);
  }
  out.path = path;
  out.target = target;
  out.mode = archive_entry_perm(entry) & 07777U;
  if (archive_entry_size_is_set(entry) != 0) {
    out.size = static_cast<std::uint64_t>(archive_entry_size(entry));
  }
  if (archive_entry_mtime_is_set(entry) != 0) {
    out.modified = ToNanoseconds(archive_entry_mtime(entry),
                                 archive_entry_mtime_nsec(entry));
  }
  return out;
}

void CheckWarning(archive_entry* entry, const std::string& warning,
                  const std::string& archive) {
  if (IsHarmless(warning)) return;
  const char* path = archive_entry_pathname(entry);
  const std::string of = path == nullptr ? "an entry" : Quoted(Beginning(path));
  if (IsAboutName(warning)) RefuseName(of, path);
  FailToRead(archive, ErrorCode::kArchiveCorrupt, of + ": " + warning);
}

bool IsHarmless(std::string_view warning) {
  return Contains(warning, "ACL") || warning.starts_with("Gname") ||
         warning.starts_with("Uname");
}

bool IsAboutName(std::string_view warning) {
  return warning.starts_with("Pathname") || warning.starts_with("Linkname") ||
         warning.starts_with("Symlink");
}

bool IsAboutSupport(std::string_view message) {
  return Contains(message, "upport") || Contains(message, "ncrypt") ||
         Contains(message, "assphrase");
}

bool IsAboutFormat(std::string_view message) {
  return Contains(message, "Unrecognized");
}

std::string Beginning(std::string_view text) {
  constexpr std::size_t kShown = 512;
  return std::string(text.substr(0, kShown));
}

}  // namespace release
