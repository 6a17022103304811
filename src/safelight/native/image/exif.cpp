// A bounded reader of one tag; every offset in the structure is a stranger's.
#include "image/exif.hpp"

#include <cstring>

namespace safelight::image {

namespace {

constexpr std::uint32_t kOrientation = 0x0112;
constexpr std::uint32_t kShort = 3;
constexpr std::uint32_t kLong = 4;
constexpr std::size_t kEntry = 12;

struct Tiff {
  const std::uint8_t* bytes;
  std::size_t size;
  bool big_endian;

  // `count` bytes at `at` as a number; the caller has checked the range.
  std::uint32_t number(std::size_t at, int count) const {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) {
      value = value << 8 | bytes[at + static_cast<std::size_t>(big_endian ? i : count - 1 - i)];
    }
    return value;
  }
};

}  // namespace

int exif_orientation(const std::uint8_t* bytes, std::size_t size) {
  if (size >= 6 && std::memcmp(bytes, "Exif\0\0", 6) == 0) {
    bytes += 6;
    size -= 6;
  }
  if (size < 8) return 1;
  const bool big_endian = bytes[0] == 'M' && bytes[1] == 'M';
  if (!big_endian && !(bytes[0] == 'I' && bytes[1] == 'I')) return 1;
  const Tiff tiff{bytes, size, big_endian};
  if (tiff.number(2, 2) != 42) return 1;
  const std::size_t ifd = tiff.number(4, 4);
  if (ifd > size - 2) return 1;
  const std::size_t entries = tiff.number(ifd, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = ifd + 2 + i * kEntry;
    if (entry + kEntry > size) return 1;
    if (tiff.number(entry, 2) != kOrientation) continue;
    const std::uint32_t type = tiff.number(entry + 2, 2);
    if (type != kShort && type != kLong) return 1;
    const std::uint32_t value = tiff.number(entry + 8, type == kShort ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace safelight::image
