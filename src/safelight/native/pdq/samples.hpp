// The 64 x 64 picture that PDQ works on, and what makes it from rows of pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace safelight::pdq {

struct Samples {
  alignas(64) float at[64][64] = {};
};

class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) = 0;
  virtual Samples finish() = 0;  // rows by the picture as shown
};

}  // namespace safelight::pdq
