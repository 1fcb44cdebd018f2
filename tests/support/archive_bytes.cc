#include "support/archive_bytes.h"

#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <stdexcept>

namespace release {
namespace {

int MakeDescriptor(const std::string& bytes) {
  const int fd = memfd_create("archive", MFD_CLOEXEC);
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count = write(fd, bytes.data() + done, bytes.size() - done);
    if (count < 0) throw std::runtime_error("cannot write to a memory file");
    done += static_cast<std::size_t>(count);
  }
  return fd;
}

}  // namespace

ArchiveRequest RequestOfBytes(const std::string& bytes,
                              const std::string& file_name) {
  // A file in memory per content, kept until the process ends: tests request
  // the same archive thousands of times, and a request does not own its
  // descriptor.
  static std::map<std::string, int> descriptors;
  const auto found = descriptors.find(bytes);
  const int fd =
      found != descriptors.end()
          ? found->second
          : descriptors.emplace(bytes, MakeDescriptor(bytes)).first->second;
  // An earlier request has read it to its end.
  lseek(fd, 0, SEEK_SET);
  return {.location = ArchiveRequest::Location::kDescriptor,
          .name = file_name,
          .descriptor = fd,
          .file_name = file_name};
}

}  // namespace release
