// A table of text: headers, aligned columns, fitted to its content and to the
// terminal.
#ifndef RELEASE_CLI_TEXT_TABLE_H_
#define RELEASE_CLI_TEXT_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

#include "cli/screen.h"

namespace release {

class TextTable {
 public:
  enum class Align { kLeft, kRight };
  // How a column gives way if the table is wider than the terminal, in the
  // order in which columns do so: it is left out, its cells are cut before
  // those of other columns, or they are cut.
  enum class Fit { kMayDrop, kCutFirst, kMayCut, kWhole };

  struct Column {
    std::string_view header;
    Fit fit = Fit::kWhole;
    Align align = Align::kLeft;
  };

  explicit TextTable(std::vector<Column> columns)
      : columns_(std::move(columns)) {}

  // Adds a row. It must have as many cells as there are columns, and no cell
  // may hold a control character.
  void AddRow(std::vector<std::string> cells);

  bool empty() const { return rows_.empty(); }

  // Returns the headers and the rows, or "" if there is no row. Leaves out a
  // column that is empty in every row. On a terminal that is too narrow,
  // columns give way in the order of Fit, of those to be cut the widest first;
  // a table that does not fit even then is left wider than the terminal.
  std::string Text(const Screen& screen) const;

 private:
  std::vector<std::size_t> Widths(const Screen& screen) const;
  // Narrows the columns of this kind until the table has `limit` columns, or
  // until each of them has its least width.
  void CutColumns(Fit fit, std::size_t limit,
                  std::vector<std::size_t>* widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace release

#endif  // RELEASE_CLI_TEXT_TABLE_H_
