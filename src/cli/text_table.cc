#include "cli/text_table.h"

#include <algorithm>

#include "os/terminal.h"

namespace release {
namespace {

constexpr std::size_t kGap = 2;       // columns between two cells
constexpr std::size_t kLeastCut = 6;  // no cell is cut below this width

std::string Padded(const std::string& text, std::size_t width,
                   TextTable::Align align) {
  const std::size_t used = DisplayWidth(text);
  const std::string space(width > used ? width - used : 0, ' ');
  return align == TextTable::Align::kRight ? space + text : text + space;
}

// A width of 0 marks a column that is left out.
std::size_t TotalWidth(const std::vector<std::size_t>& widths) {
  std::size_t total = 0;
  for (const std::size_t width : widths) total += width > 0 ? width + kGap : 0;
  return total > kGap ? total - kGap : total;
}

}  // namespace

void TextTable::AddRow(std::vector<std::string> cells) {
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> TextTable::Widths(const Screen& screen) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const std::vector<std::string>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0) continue;
    widths[i] = std::max(widths[i], columns_[i].header.size());
  }
  const std::size_t limit = screen.columns.value_or(TotalWidth(widths));
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (TotalWidth(widths) <= limit) break;
    if (columns_[i].fit == Fit::kMayDrop) widths[i] = 0;
  }
  CutColumns(Fit::kCutFirst, limit, &widths);
  CutColumns(Fit::kMayCut, limit, &widths);
  return widths;
}

// Takes one column at a time from the widest, so that those of nearly the same
// width stay so.
void TextTable::CutColumns(Fit fit, std::size_t limit,
                           std::vector<std::size_t>* widths) const {
  while (TotalWidth(*widths) > limit) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths->size(); ++i) {
      std::size_t& width = (*widths)[i];
      const std::size_t least = std::max(kLeastCut, columns_[i].header.size());
      if (columns_[i].fit != fit || width <= least) continue;
      if (widest == nullptr || width > *widest) widest = &width;
    }
    if (widest == nullptr) return;
    --*widest;
  }
}

std::string TextTable::Text(const Screen& screen) const {
  if (rows_.empty()) return "";
  const std::vector<std::size_t> widths = Widths(screen);
  const auto line = [&](const auto& cell) {
    std::string text;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] == 0) continue;
      if (!text.empty()) text += std::string(kGap, ' ');
      text +=
          Padded(Cut(screen, cell(i), widths[i]), widths[i], columns_[i].align);
    }
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  };
  std::string text =
      line([&](std::size_t i) { return std::string(columns_[i].header); });
  for (const std::vector<std::string>& row : rows_) {
    text += line([&](std::size_t i) { return row[i]; });
  }
  return text;
}

}  // namespace release
