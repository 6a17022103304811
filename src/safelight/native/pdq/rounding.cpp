#include "rounding.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "conclude.hpp"
#include "taps.hpp"

namespace safelight::pdq {
namespace {

constexpr double kUnit = 1.0 / (1 << 24);  // half a unit in the last place of a float, relative
constexpr double kBrightest = 255.0;
constexpr double kMargin = 10.0;

double square(double x) { return x * x; }

// One step of a running sum, divided by its window: two roundings, uniform within half a unit of a sum that is
// at most the window times the brightest value.
constexpr double kStep = 2.0 * (kBrightest * kUnit) * (kBrightest * kUnit) / 3.0;

// A sum of 64 products rounds 64 times, each uniform within half a unit of the partial sums' size.
double summing(double size) { return 64.0 * square(size * kUnit) / 3.0; }

// The partial sums of a cosine over values of a size: a constant's swing by 64 / pi over the frequency, the
// rest grows as a walk; cosines have the amplitude sqrt(2 / 64).
double swing(double size, double frequency) {
  const double amplitude = std::sqrt(2.0 / 64.0);
  return size * amplitude * (64.0 / M_PI / frequency + 8.0);
}

}  // namespace

Rounding::Rounding(int width, int height) {
  // The variance that a walk of unit steps gives a coefficient of frequency 1: (64 / pi^2) a step. Rows and
  // columns walk apart, so the passes that follow average as many walks as their window is wide (a tent of two
  // passes: 1.5 times as many); samples taken from one row or column of a small picture share theirs.
  const double walk = 64.0 / square(M_PI) * kStep;
  const double shared_rows = std::max(1.0, 64.0 / height), shared_columns = std::max(1.0, 64.0 / width);
  across_ = walk * width * shared_rows * (1.0 + 2.0 / 3.0) / window_size(height);
  down_ = walk * height * shared_columns * (1.0 + 1.0 / window_size(width));
  gradient_ = static_cast<float>(kMargin * std::sqrt(2.0 * kStep * (width + height)));
}

Coefficients Rounding::of(const Spectrum& spectrum) const {
  Coefficients bound;
  for (std::size_t i = 0; i < kCoefficients; ++i)
    for (std::size_t j = 0; j < kCoefficients; ++j) {
      const double down = static_cast<double>(i + 1), across = static_cast<double>(j + 1);
      const double transform = summing(swing(kBrightest, down)) + summing(swing(spectrum.half_size[i], across));
      bound[i][j] = static_cast<float>(
          kMargin * std::sqrt(across_ / square(across) + down_ / square(down) + transform));
    }
  return bound;
}

RoundingShare share_of_bound(const Samples& fast, const Samples& exact, const Rounding& rounding) {
  const Spectrum ours = transform(fast), theirs = transform(exact);
  const Coefficients bound = rounding.of(ours);
  RoundingShare share{};
  for (std::size_t i = 0; i < kCoefficients; ++i)
    for (std::size_t j = 0; j < kCoefficients; ++j)
      share.coefficients = std::max(
          share.coefficients, std::fabs(ours.coefficients[i][j] - theirs.coefficients[i][j]) / bound[i][j]);
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 64; ++j)
      for (const auto& [down, right] : {std::pair{1, 0}, std::pair{0, 1}}) {
        if (i + down > 63 || j + right > 63) continue;
        const float error = (fast.at[i][j] - fast.at[i + down][j + right]) -
                            (exact.at[i][j] - exact.at[i + down][j + right]);
        share.gradients = std::max(share.gradients, std::fabs(error) / rounding.of_gradients());
      }
  return share;
}

}  // namespace safelight::pdq
