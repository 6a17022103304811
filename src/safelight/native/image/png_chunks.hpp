// A PNG reduced to the chunks that make its pixels.
//
// Text and colour-profile chunks can be bombs, and a fault in one of them must not keep a picture from being
// hashed; libspng therefore never sees them. A chunk that the file ends in is shown as if it were complete,
// so that every row that can be decoded is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/file.hpp"

namespace safelight::image {

class PngChunks {
 public:
  explicit PngChunks(const File&);

  bool animated() const { return frames_ > 1; }  // acTL, APNG specification 1.0
  bool truncated() const { return truncated_; }  // the file ends before its IEND chunk
  bool mangled() const { return mangled_; }      // more chunks, or scattered wider, than encoders write
  bool transparent() const { return transparent_; }
  int orientation() const { return orientation_; }

  // The next `count` bytes of the reduced stream; false when there are no more.
  bool read(void* into, std::size_t count);

 private:
  struct Span {
    std::uint64_t offset;  // in the file, or in made_ where `made`
    std::uint64_t size;
    bool made;
  };

  void walk();
  void keep(std::uint64_t offset, std::uint64_t size);
  void make(const std::uint8_t* bytes, std::size_t size);

  File file_;
  std::vector<Span> spans_;
  std::vector<std::uint8_t> made_;
  std::size_t span_ = 0;
  std::uint64_t within_ = 0;
  std::uint32_t frames_ = 0;
  int orientation_ = 1;
  bool truncated_ = false;
  bool mangled_ = false;
  bool transparent_ = false;
};

}  // namespace safelight::image
