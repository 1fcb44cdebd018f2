// The text form of a manifest: docs/formats.md.
#ifndef RELEASE_BASE_MANIFEST_TEXT_H_
#define RELEASE_BASE_MANIFEST_TEXT_H_

#include <functional>
#include <string>
#include <string_view>

#include "base/manifest.h"

namespace release {

// Returns the text form. Its last line has the number of entries and a checksum
// of everything before it.
std::string FormatManifest(const Manifest& manifest);
// Gives out the same text piece by piece, so that it need not lie in memory.
void FormatManifest(const Manifest& manifest,
                    const std::function<void(std::string_view)>& sink);

// Parses the text form. Throws Error kManifestUnreadable, naming `origin` and
// the line, if the text is truncated, altered or of another format version, or
// if a path leads outside the release.
Manifest ParseManifest(std::string_view text, const std::string& origin);

}  // namespace release

#endif  // RELEASE_BASE_MANIFEST_TEXT_H_
