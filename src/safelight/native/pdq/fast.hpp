// The samples of a picture straight from its rows: each row is added into the one or two rows of samples that
// its neighbourhood feeds, so memory is a few rows whatever the height.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "orientation.hpp"
#include "samples.hpp"
#include "taps.hpp"
#include "texture.hpp"

namespace safelight::pdq {

class FastSampler final : public Sampler {
 public:
  FastSampler(int width, int height, int channels, Orientation orientation);
  void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) override;
  Samples finish() override;
  double texture_bits() const { return texture_.bits(); }

 private:
  void complete(const Tap& tap);
  std::vector<float>& sums_of(std::size_t index) { return sums_[index % sums_.size()]; }

  int width_, channels_;
  Orientation orientation_;
  Axis rows_, columns_;
  Texture texture_;
  int y_ = 0;
  std::size_t next_ = 0;                  // the first tap that is not complete
  // More than two windows never overlap: they are narrower than twice their spacing plus one.
  std::array<std::vector<float>, 2> sums_;
  std::vector<float> luma_;
  Samples samples_;                       // by stored axes until finish()
};

}  // namespace safelight::pdq
