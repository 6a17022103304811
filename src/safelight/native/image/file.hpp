// The file to decode, read by position only: the descriptor's offset is shared with whoever else holds it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::image {

class File {
 public:
  explicit File(int fd);  // borrowed, not closed; a descriptor that cannot be read is an empty file

  std::uint64_t size() const { return size_; }

  // Bytes copied: fewer than asked only at the end of the file, which may come sooner than size() said, since
  // others can truncate a file at any time.
  std::size_t read(std::uint64_t offset, void* into, std::size_t count) const;

 private:
  int fd_;
  std::uint64_t size_;
};

}  // namespace safelight::image
