#include "deploy/incoming_archive.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

using Location = ArchiveRequest::Location;

// Prefers --sha256, then the caller's checksum, then a file beside the archive.
// Only kHost looks beside the archive: the caller reads an upload's checksum
// itself, below the root, and a descriptor has no directory.
std::optional<ExpectedChecksum> FindChecksum(const ArchiveRequest& request) {
  if (!request.sha256.empty()) {
    const auto sha256 = ParseSha256(request.sha256);
    if (!sha256) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("cannot use {} as --sha256: it must be 64 hex "
                              "digits",
                              Quoted(request.sha256)));
    }
    return ExpectedChecksum{*sha256, "--sha256"};
  }
  if (request.checksum) return request.checksum;
  if (request.location != Location::kHost) return std::nullopt;
  return ChecksumBeside(request.name);
}

// Finds the attestation and its signature. If the request names either of them,
// ignores files beside the archive, so that the two cannot come from different
// sources.
Evidence FindEvidence(const ArchiveRequest& request) {
  Evidence evidence = request.evidence;
  if (!request.attestation_path.empty()) {
    evidence.attestation = ReadEvidence(request.attestation_path);
  }
  if (!request.signature_path.empty()) {
    evidence.signature = ReadEvidence(request.signature_path);
  }
  if (evidence.any() || request.location != Location::kHost) return evidence;
  return EvidenceBeside(request.name);
}

// Opens an upload through the root's descriptor, which does not follow links:
// a symlink in incoming/ must not make the tool read a file elsewhere.
void OpenBelowRoot(Fs* fs, IncomingArchive* archive) {
  const std::string& path = archive->name;
  const auto refuse = [&path](const char* reason) {
    throw Error(ErrorCode::kArchiveUnreadable,
                fmt::format("cannot read {}: {}", Quoted(path), reason), path);
  };
  const auto info = fs->Stat(Fs::kRoot, path);
  if (!info) refuse("there is no such file");
  if (info->type != FileType::kFile) refuse("it is not a regular file");
  archive->size = info->size;
  archive->source =
      ByteSource(fs, std::make_shared<const ScopedHandle>(
                         fs, fs->Open(Fs::kRoot, path, OpenMode::kRead)));
}

// People try what works for other programs.
void RefuseAddress(const std::string& name) {
  if (name.find("://") == name.npos) return;
  throw Error(ErrorCode::kArchiveUnreadable,
              fmt::format("cannot read {}: only files and -, standard input, "
                          "are read; `curl -fsS ADDRESS | release deploy -` "
                          "deploys what curl fetches",
                          Quoted(name)),
              name);
}

void OpenInput(Input input, IncomingArchive* archive) {
  archive->size = input.Size();
  archive->source = ByteSource(std::move(input));
}

}  // namespace

IncomingArchive OpenArchive(Fs* fs, const ArchiveRequest& request) {
  IncomingArchive archive{.name = request.name,
                          .checksum = FindChecksum(request),
                          .evidence = FindEvidence(request),
                          .size = std::nullopt,
                          .source = {}};
  switch (request.location) {
    case Location::kHost:
      RefuseAddress(request.name);
      OpenInput(Input::Open(request.name), &archive);
      break;
    case Location::kRoot:
      OpenBelowRoot(fs, &archive);
      break;
    case Location::kDescriptor:
      OpenInput(Input::FromDescriptor(request.descriptor, request.name),
                &archive);
      break;
  }
  return archive;
}

}  // namespace release
