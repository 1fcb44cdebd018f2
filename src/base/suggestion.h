// Finds the word that a person meant who mistyped one.
#ifndef RELEASE_BASE_SUGGESTION_H_
#define RELEASE_BASE_SUGGESTION_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace release {

// Returns the candidate that is nearest to `word`: that needs the fewest
// letters inserted, removed, replaced, or swapped with their neighbour. Returns
// nullopt if each needs more than a third of the word's letters, or if `word`
// is longer than any name. The first of equally near ones wins.
std::optional<std::string> Nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// Returns "; did you mean X?", or "" if no candidate is near.
std::string DidYouMean(std::string_view word,
                       const std::vector<std::string>& candidates);

}  // namespace release

#endif  // RELEASE_BASE_SUGGESTION_H_
