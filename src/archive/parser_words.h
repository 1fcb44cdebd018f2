// Classifies the messages of libarchive, which has no codes for its failures.
#ifndef RELEASE_ARCHIVE_PARSER_WORDS_H_
#define RELEASE_ARCHIVE_PARSER_WORDS_H_

#include <string_view>

namespace release {

// A warning about attributes that are not unpacked anyway.
bool IsHarmless(std::string_view warning);

// A name that is not in the encoding it must be in.
bool IsAboutName(std::string_view warning);

// A valid feature of an archive that libarchive cannot read.
bool IsAboutSupport(std::string_view message);

// A header of the format is missing.
bool IsAboutFormat(std::string_view message);

}  // namespace release

#endif  // RELEASE_ARCHIVE_PARSER_WORDS_H_
