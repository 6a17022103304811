// How far the reference's float rounding may lie from ours.
//
// Both compute the same linear filter. What differs is the reference's running sums: each step adds and
// subtracts a value with two roundings that are never undone, so its error walks at random along the picture,
// most of all along the last pass, which nothing averages afterwards. A walk is slow, so it falls on the
// coefficients of low frequency. `Rounding` is the spread of that walk for the brightest picture, times a
// margin: small for the grain of photographs, wide where a picture repeats itself and walks step together.
//
// The spread follows from sizes. The margins do not: they are half as much again as the most that was seen
// among a hundred thousand pictures, most of them made to provoke it. No bound that is certain for every
// picture is tight enough to be of use. Whoever needs the reference's answer without that trust uses
// Arithmetic::kReference, which costs less than decoding a second time now and then.
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
  // Of the picture as shown; `repetitive` as Texture says.
  Rounding(int width, int height, double repetitive);

  // The bound on each coefficient's error.
  Coefficients of(const Spectrum& spectrum) const;
  // The bound on the error of a difference between neighbouring samples, in grey levels.
  float of_gradients() const { return gradient_; }

 private:
  double margin_;
  double across_, down_;  // variance of the walk, before it is divided by the squared frequency
  float gradient_;
};

// The largest difference between two sets of samples as a share of the bound, for the tests of the bound.
struct RoundingShare {
  float coefficients, gradients;
};
RoundingShare share_of_bound(const Samples& fast, const Samples& exact, const Rounding& rounding);

}  // namespace safelight::pdq
