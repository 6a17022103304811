// One place for mmap and its page arithmetic.
#include "mapping.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "errors.hpp"

namespace safelight::hamming {
namespace {

constexpr std::uint64_t kLargestPage = 65536;   // of the architectures we know; offsets must be multiples

}  // namespace

Mapping::Mapping(int fd, std::uint64_t offset, std::uint64_t length, const std::string& path) : size_(length) {
  if (length == 0) return;
  const std::uint64_t start = offset / kLargestPage * kLargestPage;
  mapped_ = offset + length - start;
  void* map = ::mmap(nullptr, mapped_, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(start));
  if (map == MAP_FAILED) throw SystemError(errno, path);
  map_ = map;
  data_ = static_cast<const std::uint8_t*>(map) + (offset - start);
}

Mapping::Mapping(Mapping&& other) noexcept
    : map_(std::exchange(other.map_, nullptr)),
      mapped_(other.mapped_),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Mapping::~Mapping() {
  if (map_ != nullptr) ::munmap(map_, mapped_);
}

Mapping Mapping::whole(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw SystemError(errno, path);
  struct Closed {
    int fd;
    ~Closed() { ::close(fd); }
  } closed{fd};
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw SystemError(errno, path);
  if (!S_ISREG(info.st_mode)) throw SystemError(S_ISDIR(info.st_mode) ? EISDIR : EINVAL, path);
  return Mapping(fd, 0, static_cast<std::uint64_t>(info.st_size), path);
}

void Mapping::expect_random() const {
  if (map_ == nullptr) return;
  ::madvise(map_, mapped_, MADV_RANDOM);   // without it, twice as much is read ahead for every miss
#ifdef MADV_HUGEPAGE
  ::madvise(map_, mapped_, MADV_HUGEPAGE);
#endif
}

}  // namespace safelight::hamming
