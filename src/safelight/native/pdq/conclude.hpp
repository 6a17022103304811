// From 64 x 64 samples to the eight hashes and the quality, by the reference's operations.
#pragma once

#include "pdq.hpp"
#include "rounding.hpp"
#include "samples.hpp"

namespace safelight::pdq {

Spectrum transform(const Samples& samples);

// `rounding` is that of the picture which the samples are from; null when they equal the reference's in every
// bit, so that the result is certain.
Result conclude(const Samples& samples, const Rounding* rounding);

}  // namespace safelight::pdq
