#include "archive/batch_writer.h"

#include <doctest/doctest.h>

#include "store/durable.h"
#include "support/mem_fs.h"

namespace release {
namespace {

// Begins a file in the batch.
void Begin(Batch* batch, const std::string& name) {
  batch->pieces.push_back(
      {.begins = true, .name = name, .attributes = {.mode = 0644}});
}

}  // namespace

TEST_CASE("bytes beside one another become one piece, if nothing else keeps") {
  Batch batch;
  const std::string bytes = "one and two";
  Begin(&batch, "f");
  batch.Add(std::string_view(bytes).substr(0, 4), nullptr);
  batch.Add(std::string_view(bytes).substr(4), nullptr);
  CHECK(batch.pieces.size() == 1);
  CHECK(batch.pieces.back().content == bytes);
  CHECK(batch.room() == kBatchBytes - bytes.size());
  batch.Clear();
  CHECK(batch.room() == kBatchBytes);
  CHECK(batch.pieces.empty());
}

TEST_CASE("a file goes on in the next batch until it is closed") {
  MemFs disk;
  BatchWriter writer(&disk, Fs::kRoot, {}, Inheritance::kNone);
  Batch first;
  Begin(&first, "f");
  first.pieces.back().attributes.modified = 1'700'000'000;
  first.Add("begun ", nullptr);
  writer.Write(first);
  Batch second;
  second.pieces.emplace_back();
  second.Add("and ended", nullptr);
  Begin(&second, "g");
  writer.Write(second);
  CHECK(disk.open_handles() == 1);
  writer.CloseFile();
  writer.CloseFile();
  CHECK(disk.open_handles() == 0);
  CHECK(ReadFile(&disk, "f") == "begun and ended");
  CHECK(ReadFile(&disk, "g").empty());
  CHECK(disk.Stat(Fs::kRoot, "f")->modified_exactly == 1'700'000'000);
}

// Counts the bytes that are written.
class Counted final : public MemFs {
 public:
  void Write(Handle file, std::string_view data) override {
    written += data.size();
    MemFs::Write(file, data);
  }
  void WriteAt(Handle file, std::string_view data,
               std::uint64_t offset) override {
    written += data.size();
    MemFs::WriteAt(file, data, offset);
  }
  std::size_t written = 0;
};

TEST_CASE("holes are skipped, at the beginning, between and at the end") {
  Counted disk;
  BatchWriter writer(&disk, Fs::kRoot, {}, Inheritance::kNone);
  const std::string_view hole(HoleBytes().data(), 1000);
  std::string expected;
  for (const bool ends_in_hole : {true, false}) {
    Batch batch;
    Begin(&batch, ends_in_hole ? "f" : "g");
    expected.clear();
    for (const std::string_view part :
         {hole, std::string_view("one"), hole, std::string_view("two"), hole}) {
      if (!ends_in_hole && expected.size() == 2006) break;
      batch.Add(part, nullptr);
      expected += part;
    }
    CHECK(batch.copied.size() == 6);
    writer.Write(batch);
    writer.CloseFile();
    CHECK(ReadFile(&disk, ends_in_hole ? "f" : "g") == expected);
  }
  CHECK(disk.written == 12);
}

TEST_CASE("a set-group-id bit above is noticed") {
  MemFs disk;
  CHECK(InheritanceOf(&disk, Fs::kRoot) == Inheritance::kNone);
  disk.SetMode(Fs::kRoot, "", 02755);
  CHECK(InheritanceOf(&disk, Fs::kRoot) == Inheritance::kSome);
}

}  // namespace release
