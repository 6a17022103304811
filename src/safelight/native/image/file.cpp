// Reads by position, with pread rather than mmap: a file truncated under a mapping would be a SIGBUS.
#include "image/file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace safelight::image {

namespace {

std::uint64_t size_of(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && status.st_size > 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

File::File(int fd) : fd_(fd), size_(size_of(fd)) {}

std::size_t File::read(std::uint64_t offset, void* into, std::size_t count) const {
  std::size_t done = 0;
  while (done < count) {
    const auto at = static_cast<off_t>(offset + done);
    const ssize_t got = pread(fd_, static_cast<char*>(into) + done, count - done, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace safelight::image
