// How far the reference's float rounding may lie from ours.
//
// Both compute the same linear filter. What differs is the reference's running sums: each step adds and
// subtracts a value with two roundings that are never undone, so its error walks at random along the picture,
// most of all along the last pass, which nothing averages afterwards. A walk is slow, so it falls on the
// coefficients of low frequency. `Rounding` is the spread of that walk for the brightest picture, times a
// margin that no picture of the tests comes near to, those made to provoke it included.
#pragma once

#include <array>

#include "samples.hpp"

namespace safelight::pdq {

constexpr int kCoefficients = 16;  // along each axis
using Coefficients = std::array<std::array<float, kCoefficients>, kCoefficients>;

struct Spectrum {
  Coefficients coefficients;
  std::array<float, kCoefficients> half_size;  // largest magnitude of each row before the second half
};

class Rounding {
 public:
  Rounding(int width, int height);  // of the picture as shown

  // The bound on each coefficient's error.
  Coefficients of(const Spectrum& spectrum) const;
  // The bound on the error of a difference between neighbouring samples, in grey levels.
  float of_gradients() const { return gradient_; }

 private:
  double across_, down_;  // variance of the walk, before it is divided by the squared frequency
  float gradient_;
};

// The largest difference between two sets of samples as a share of the bound, for the tests of the bound.
struct RoundingShare {
  float coefficients, gradients;
};
RoundingShare share_of_bound(const Samples& fast, const Samples& exact, const Rounding& rounding);

}  // namespace safelight::pdq
