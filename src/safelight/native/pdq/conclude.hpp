// From 64 x 64 samples to the eight hashes and the quality, by the reference's operations.
#pragma once

#include <array>

#include "pdq.hpp"
#include "samples.hpp"

namespace safelight::pdq {

constexpr int kCoefficients = 16;  // along each axis
using Coefficients = std::array<std::array<float, kCoefficients>, kCoefficients>;

// How far the reference's rounding may lie from ours: see rounding.cpp for where it comes from.
struct RoundingBound {
  Coefficients coefficients;  // of each transform coefficient
  float gradient;             // of a difference between neighbouring samples, in grey levels
};

RoundingBound rounding_bound(int width, int height);  // of the picture as shown

// The largest difference between two sets of samples as a share of the bound, for the tests of the bound.
struct RoundingShare {
  float coefficients, gradients;
};
RoundingShare share_of_bound(const Samples& fast, const Samples& exact, const RoundingBound& bound);

Coefficients transform(const Samples& samples);

// `bound` says how far the samples are from the reference's; null when they are equal to them in every bit.
Result conclude(const Samples& samples, const RoundingBound* bound);

}  // namespace safelight::pdq
