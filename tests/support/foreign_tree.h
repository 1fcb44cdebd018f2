// Roots that another tool, or a hand, made: all in memory.
#ifndef RELEASE_TESTS_SUPPORT_FOREIGN_TREE_H_
#define RELEASE_TESTS_SUPPORT_FOREIGN_TREE_H_

#include <string>
#include <vector>

#include "adopt/adoption.h"
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

// Options that see links as a process does whose root is /srv/shop.
AdoptOptions AdoptOptionsFor(Fs* fs);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FOREIGN_TREE_H_
