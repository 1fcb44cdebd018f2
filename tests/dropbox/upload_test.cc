#include "dropbox/upload.h"

#include <doctest/doctest.h>

#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {

TEST_CASE("the checksum is the last file of an upload") {
  CHECK(NamesOf("x.tar") ==
        std::vector<std::string>{"x.tar", "x.tar.intoto.json", "x.tar.sig",
                                 "x.tar.sha256"});
  CHECK(ChecksumName("x.tar") == NamesOf("x.tar").back());
}

TEST_CASE("names that are too long for a file are left out") {
  const std::string longest(255 - kChecksumSuffix.size(), 'x');
  CHECK(NamesOf(longest) == std::vector<std::string>{longest, longest + ".sig",
                                                     longest + ".sha256"});
}

TEST_CASE("a file that replaced another one has another stamp") {
  MemFs disk;
  PutFile(&disk, "x", "one");
  PutFile(&disk, "y", "two");
  const auto before = StampOf(&disk, "x");
  REQUIRE(before);
  CHECK(StampOf(&disk, "x") == before);
  disk.Rename(Fs::kRoot, "y", Fs::kRoot, "x", RenameMode::kReplace);
  CHECK(StampOf(&disk, "x") != before);
  CHECK_FALSE(StampOf(&disk, "y"));
}

TEST_CASE("any type of file is removed, and no link is followed") {
  MemFs disk;
  PutFile(&disk, "kept", "x");
  disk.MakeSymlink("kept", Fs::kRoot, "link");
  disk.MakeDirectory(Fs::kRoot, "tree", 0755);
  PutFile(&disk, "tree/inside", "x");
  for (const char* name : {"link", "tree", "none"}) RemoveAny(&disk, name);
  CHECK(disk.List(Fs::kRoot, "").size() == 1);
  CHECK(disk.Stat(Fs::kRoot, "kept"));
}

}  // namespace release
