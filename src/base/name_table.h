// Tables that name the enumerators of an enum. A row has at least the members
// `value` and `name`.
#ifndef RELEASE_BASE_NAME_TABLE_H_
#define RELEASE_BASE_NAME_TABLE_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace release {

// Returns whether the table has a row for each enumerator up to `last`, in
// their order, so that RowAt may index it.
template <typename Row, std::size_t size, typename Enum>
constexpr bool FollowsEnum(const Row (&table)[size], Enum last) {
  for (std::size_t i = 0; i < size; ++i) {
    if (static_cast<std::size_t>(table[i].value) != i) return false;
  }
  return size == static_cast<std::size_t>(last) + 1;
}

template <typename Row, std::size_t size, typename Enum>
constexpr const Row& RowAt(const Row (&table)[size], Enum value) {
  return table[static_cast<std::size_t>(value)];
}

// Returns the enumerator of that name, or nullopt if no row has it.
template <typename Row, std::size_t size>
constexpr auto FindByName(const Row (&table)[size], std::string_view name)
    -> std::optional<decltype(Row::value)> {
  for (const Row& row : table) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

}  // namespace release

#endif  // RELEASE_BASE_NAME_TABLE_H_
