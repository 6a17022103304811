// What a decoder of one format promises: a header before anything is allocated, then rows, then how it ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "image/file.hpp"

namespace safelight::image {

// How a step ended. The reasons are those of safelight.types.UnscannedReason.
struct Ending {
  enum class Kind {
    kWell,
    kDefer,      // another family decodes this variant of the format
    kTruncated,
    kDamaged,
    kChecksum,   // damaged only in that a checksum is wrong; worth reading again without checking them
    kOutOfMemory,
  };
  Kind kind = Kind::kWell;
  std::string detail;
};

// The picture as stored. `channels` of 8 bits: 1 is grey, 3 RGB, 4 RGB and straight alpha.
struct Header {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int channels = 3;
  int orientation = 1;  // EXIF's, 1-8
};

class Sink {
 public:
  virtual ~Sink() = default;

  // Takes `count` rows, `stride` bytes apart, below those it was given before.
  virtual void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) = 0;

  // The rows so far are void; what follows is the picture from its top.
  virtual void start_over() = 0;
};

class Reader {
 public:
  virtual ~Reader() = default;

  // Reads as far as the header. Allocates nothing in proportion to what the header declares.
  virtual Ending open(Header&) = 0;

  // After open() ended well. Rows may come before a bad end: what could be read.
  virtual Ending decode(Sink&) = 0;

  // After decode() ended well: the rows once more without decoding. False, and no row, where none are kept.
  virtual bool repeat(Sink&) { return false; }
};

enum class JpegBy { kFastest, kLibrary };
std::unique_ptr<Reader> read_jpeg(const File&, JpegBy = JpegBy::kFastest);
std::unique_ptr<Reader> read_png(const File&, bool check_sums);
std::unique_ptr<Reader> read_webp(const File&);

}  // namespace safelight::image
