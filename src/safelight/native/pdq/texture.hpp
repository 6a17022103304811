// How much of a picture repeats itself, seen in a few thousand of its pixels.
//
// The reference's rounding errors walk at random only where the values they come from look random, as the
// grain of a photograph does. Rows that repeat, ramps and patterns of few colours make the walks of many rows
// step together, and the sum goes much further. What tells the two apart is how unpredictable a pixel is from
// its three neighbours: the entropy of the mixed second difference, place by place.
#pragma once

#include <array>
#include <cstdint>

#include "taps.hpp"

namespace safelight::pdq {

class Texture {
 public:
  Texture(int width, int height, int channels);
  void see(const std::uint8_t* row, int y);  // every row, in order

  // The share (0-1) of the places that are neither flat nor unpredictable.
  double repetitive() const;

 private:
  static constexpr int kRun = 3;     // neighbouring pixels taken at each of 64 x 64 points
  static constexpr int kPlaces = 8;  // the points fall into 8 x 8 places
  static constexpr int kSizes = 64;  // of differences that are told apart

  struct Place {
    std::array<std::uint8_t, kSizes> seen{};  // differences by size; at most 128 in all
    bool begun = false, flat = true;
    std::uint8_t first = 0;
  };
  using Row = std::array<std::array<std::uint8_t, kRun>, kSamples>;

  void compare(const Row& here, std::array<Place, kPlaces>& places);

  int height_, channels_;
  std::array<int, kSamples> columns_;  // offsets of the points in a row
  int next_ = 0;                       // the row of points awaited
  int above_at_ = -1;                  // the row of points that `above_` belongs to, once seen
  Row above_{};
  std::array<std::array<Place, kPlaces>, kPlaces> places_;
};

}  // namespace safelight::pdq
