// What libarchive, which tells its failures in words alone, means by them.
#ifndef RELEASE_ARCHIVE_PARSER_WORDS_H_
#define RELEASE_ARCHIVE_PARSER_WORDS_H_

#include <string_view>

namespace release {

// A warning about what is not taken over from an archive anyway.
bool IsHarmless(std::string_view warning);

// A name that is not in the encoding it must be in.
bool IsAboutName(std::string_view warning);

// Something that an archive may well have and libarchive cannot read.
bool IsAboutSupport(std::string_view message);

// No header of its format where one must be.
bool IsAboutFormat(std::string_view message);

}  // namespace release

#endif  // RELEASE_ARCHIVE_PARSER_WORDS_H_
