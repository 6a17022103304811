// Whether a picture has the grain of a photograph, seen in a few thousand of its pixels.
//
// The reference's rounding errors walk at random only where the values they come from look random. Rows that
// repeat, ramps and two-coloured patterns make the walks of many rows step together, and then no bound from
// sizes alone holds. What tells the two apart is how unpredictable a pixel is from its three neighbours.
#pragma once

#include <array>
#include <cstdint>

#include "taps.hpp"

namespace safelight::pdq {

class Texture {
 public:
  Texture(int width, int height, int channels);
  void see(const std::uint8_t* row, int y);  // every row, in order

  // The entropy, in bits, of the mixed second differences of neighbouring pixels. Photographs as cameras and
  // web sites keep them have 2 to 6; drawings, ramps, stripes and screens of text less than 1.5.
  double bits() const;

 private:
  static constexpr int kRun = 3;  // neighbouring pixels taken at each place
  using Row = std::array<std::array<std::uint8_t, kRun>, kSamples>;

  int width_, height_, channels_;
  int next_ = 0;         // the sample row awaited
  bool above_seen_ = false;
  Row above_{};
  std::array<std::uint32_t, 64> seen_{};  // by size; the last one counts all larger
};

}  // namespace safelight::pdq
