// Decodes baseline JPEG of the usual samplings, to the very pixels of libjpeg-turbo.
//
// It is faster because it reads short Huffman symbols two at a time and transforms blocks in pairs.
// It gives up at the first thing that no encoder writes; what such a file shows is then libjpeg-turbo's to say.
// So its answer is libjpeg-turbo's for every file, and it needs no opinion on damage.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "image/baseline/entropy.hpp"
#include "image/baseline/frame.hpp"
#include "image/file.hpp"
#include "image/reader.hpp"

namespace safelight::image::baseline {

class Decoder {
 public:
  // `frame` must outlive it. Small pictures keep their samples (one to three bytes a pixel), for repeat();
  // of large ones only two rows of MCUs exist at any time.
  explicit Decoder(const Frame& frame);

  // False when it gives up; it may have given rows by then.
  bool decode(const File&, Sink&);

  // After decode() succeeded: the rows once more. False where they have not been kept.
  bool repeat(Sink&);

 private:
  static constexpr int kStrip = 8;  // MCUs whose coefficients are at hand; they stay in the first cache

  struct Plane {
    std::unique_ptr<std::uint8_t[]> samples;
    std::ptrdiff_t stride = 0;
    int kept_rows = 0;
    std::uint8_t* row(int y) const { return samples.get() + y % kept_rows * stride; }
  };

  struct Strip {  // of one component; all zero between strips
    static constexpr int kPairs = kStrip * kMostSampling / 2;
    alignas(32) std::int16_t pairs[kMostSampling][kPairs][kPair] = {};
    int last[kMostSampling][kPairs] = {};
  };

  struct Input;

  void list_blocks();
  bool read_strip(Input&, int count);
  bool transform_strip(int row, int first, int count);
  void show(int end, Sink&);
  void colour_row(int y, std::uint8_t* rgb);

  const Frame& frame_;
  bool keeps_all_;
  Plane planes_[kMostComponents];
  Strip strips_[kMostComponents];
  int predicted_[kMostComponents] = {};
  std::vector<Block> blocks_;  // of a strip
  int shown_ = 0;
  std::vector<std::int16_t> sums_[2];
  std::vector<std::uint8_t> rgb_;
};

}  // namespace safelight::image::baseline
