// Roots that another tool, or a hand, made: all in memory.
#ifndef RELEASE_TESTS_SUPPORT_FOREIGN_TREE_H_
#define RELEASE_TESTS_SUPPORT_FOREIGN_TREE_H_

#include <optional>
#include <string>

#include "support/mem_fs.h"

namespace release {

// As Capistrano leaves it, durable: releases 1, 2 and 3, revisions.log, and
// `current` an absolute link to 3 in /srv/shop.
MemFs CapistranoTree();

// A directory `current` with the app in it, durable.
MemFs PlainTree();

// A release tree at `path`; its file "index" says `text`.
void MakeForeignRelease(Fs* fs, const std::string& path,
                        const std::string& text);

// What "index" says to whoever reads it through `current`; "" where that is
// missing at any step of the way.
std::string ServedIndex(Fs* fs);

// A machine whose /srv/shop is `root`, which outlives it. For looking only.
class ShopMachine final : public MemFs {
 public:
  explicit ShopMachine(Fs* root);
  std::optional<FileInfo> Stat(Handle dir, const std::string& path) override;
  std::optional<std::string> ReadLink(Handle dir,
                                      const std::string& path) override;

 private:
  Fs* root_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FOREIGN_TREE_H_
