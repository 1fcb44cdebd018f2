#include "support/mem_image.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <bit>
#include <functional>

#include "base/text.h"
#include "os/path_rules.h"

namespace release {
namespace {

// Variable length: 7 bits per byte, the high bit set on all but the last.
void AddNumber(std::string* out, std::uint64_t number) {
  while (number >= 0x80) {
    *out += static_cast<char>(number | 0x80);
    number >>= 7;
  }
  *out += static_cast<char>(number);
}

void AddText(std::string* out, const std::string& text) {
  AddNumber(out, text.size());
  *out += text;
}

ImageDigest DigestOf(const std::string& bytes) {
  return std::bit_cast<ImageDigest>(XXH3_128bits(bytes.data(), bytes.size()));
}

// The digest of an inode by itself.
const ImageDigest& OwnDigest(const MemInode& inode) {
  if (inode.digest) return *inode.digest;
  std::string bytes;
  AddNumber(&bytes, static_cast<unsigned>(inode.type));
  AddNumber(&bytes, inode.mode);
  AddNumber(&bytes, inode.owner);
  AddNumber(&bytes, inode.group);
  AddText(&bytes, inode.content);
  for (const auto& entry : inode.entries) AddText(&bytes, entry.first);
  return inode.digest.emplace(DigestOf(bytes));
}

}  // namespace

MemImage::MemImage() {
  // Number 0 is kNoIno.
  inodes_.push_back(nullptr);
  MemInode root;
  root.type = FileType::kDirectory;
  root.mode = 0755;
  root.links = 1;
  Add(std::move(root));
}

Ino MemImage::Add(MemInode inode) {
  inodes_.push_back(std::make_shared<MemInode>(std::move(inode)));
  return next() - 1;
}

MemInode* MemImage::Mutable(Ino ino) {
  std::shared_ptr<MemInode>& inode = inodes_[ino];
  // Another image still refers to this inode, so only a copy of it may change.
  if (inode.use_count() > 1) inode = std::make_shared<MemInode>(*inode);
  inode->digest.reset();
  return inode.get();
}

void MemImage::SetEntry(Ino directory, const std::string& name, Ino ino) {
  auto& entries = Mutable(directory)->entries;
  const auto found = entries.find(name);
  if (found != entries.end()) {
    --Mutable(found->second)->links;
    entries.erase(found);
  }
  if (ino == kNoIno) return;
  ++Mutable(ino)->links;
  entries.emplace(name, ino);
}

void MemImage::Apply(const Change& change, bool torn) {
  MemInode* inode = Mutable(change.ino);
  inode->changed = change.modified;
  switch (change.kind) {
    case Change::Kind::kEntries:
      for (const auto& [name, ino] : change.entries) {
        SetEntry(change.ino, name, ino);
      }
      break;
    case Change::Kind::kWrite: {
      const std::size_t size =
          torn ? change.data.size() / 2 : change.data.size();
      // Half of a write of one byte is nothing.
      if (size == 0) return;
      if (inode->content.size() < change.offset + size) {
        inode->content.resize(change.offset + size);
      }
      inode->content.replace(change.offset, size, change.data, 0, size);
      break;
    }
    case Change::Kind::kTruncate:
      inode->content.resize(change.offset);
      break;
    case Change::Kind::kMode:
      inode->mode = change.mode;
      return;
    case Change::Kind::kOwner:
      inode->owner = change.owner;
      inode->group = change.owner_group;
      return;
    case Change::Kind::kModified:
      inode->modified = change.time;
      return;
  }
  inode->modified = change.modified;
}

std::string MemImage::Tree() const {
  std::string out;
  std::vector<bool> seen(inodes_.size());
  const std::function<void(const std::string&, Ino)> visit =
      [&](const std::string& path, Ino ino) {
        const MemInode& inode = At(ino);
        // "fdlo" is in the order of FileType: file, directory, link, other.
        const char type = "fdlo"[static_cast<int>(inode.type)];
        out += fmt::format("{} {:04o} #{} {}", type, inode.mode, ino, path);
        if (inode.type == FileType::kFile) {
          out += fmt::format(" {}", Quoted(inode.content));
        } else if (inode.type == FileType::kSymlink) {
          out += fmt::format(" -> {}", Escaped(inode.content));
        }
        out += "\n";
        // A hard link is listed under each name, a directory's content once.
        if (seen[ino]) return;
        seen[ino] = true;
        for (const auto& [name, child] : inode.entries) {
          visit(JoinPath(path, name), child);
        }
      };
  visit("", kRootIno);
  return out;
}

void MemImageWriter::Number(std::uint64_t number) { AddNumber(&out_, number); }

void MemImageWriter::Text(const std::string& text) { AddText(&out_, text); }

std::string MemImageWriter::Digest() const {
  const ImageDigest digest = DigestOf(out_);
  return {digest.data(), digest.size()};
}

void MemImageWriter::Visit(const MemImage& image, Ino ino,
                           std::vector<bool>* seen) {
  // The number of an inode is the order in which it was first reached, because
  // the real numbers depend on the history of the image.
  if (order_.size() <= ino) order_.resize(image.next());
  if (order_[ino] == 0) order_[ino] = ++visited_;
  Number(order_[ino]);
  if ((*seen)[ino]) return;
  (*seen)[ino] = true;
  const MemInode& inode = image.At(ino);
  const ImageDigest& own = OwnDigest(inode);
  out_.append(own.data(), own.size());
  for (const auto& [name, child] : inode.entries) {
    Visit(image, child, seen);
  }
}

void MemImageWriter::Write(const MemImage& image, Ino from) {
  std::vector<bool>& seen = seen_[&image];
  seen.resize(image.next());
  Visit(image, from, &seen);
}

void MemImageWriter::Write(const Change& change, const MemImage& live,
                           const MemImage& durable, bool same_group) {
  // A change names inodes that may exist in either image, and the fate of a
  // change depends on both, so both are written.
  Number(same_group ? 1 : 0);
  Number(static_cast<unsigned>(change.kind));
  Write(live, change.ino);
  Write(durable, change.ino);
  Number(change.entries.size());
  for (const auto& [name, ino] : change.entries) {
    Text(name);
    Number(ino != kNoIno ? 1 : 0);
    if (ino == kNoIno) continue;
    Write(live, ino);
    Write(durable, ino);
  }
  Number(change.offset);
  Text(change.data);
  Number(change.mode);
  Number(change.owner);
  Number(change.owner_group);
}

}  // namespace release
