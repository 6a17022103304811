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

  // Hints: single lines all over; or this stretch next, in order.
  void expect_random() const;
  void expect_soon(std::uint64_t offset, std::uint64_t length) const;

 private:
  void* map_ = nullptr;
  std::size_t mapped_ = 0;
  const std::uint8_t* data_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace safelight::hamming
