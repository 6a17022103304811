// Part of a file, mapped read-only and shared for as long as the object lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace safelight::hamming {

class Mapping {
 public:
  Mapping(int fd, std::uint64_t offset, std::uint64_t length, const std::string& path);
  ~Mapping();
  Mapping(Mapping&&) noexcept;
  Mapping& operator=(Mapping&&) = delete;

  // A whole regular file; throws SystemError.
  static Mapping whole(const std::string& path);

  const std::uint8_t* data() const { return data_; }   // null if the length is 0
  std::uint64_t size() const { return size_; }

  // Single lines all over will be read, again and again. What is not in memory yet is then read in pieces of
  // 2 MiB and, where kernel and file system can (seen on ext4, Linux 6.18), mapped as huge pages: the median
  // search of 10 M hashes fell from 39 to 31 us. The first searches of a cold file pay for it, once.
  void expect_random() const;

 private:
  void* map_ = nullptr;
  std::size_t mapped_ = 0;
  const std::uint8_t* data_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace safelight::hamming
