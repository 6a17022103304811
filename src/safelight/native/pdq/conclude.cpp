#include "conclude.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"

namespace safelight::pdq {
namespace {

constexpr int kSide = kCoefficients;
constexpr int kBits = kSide * kSide;
constexpr int kGradientsPerPoint = 90;  // `pdqImageDomainQualityMetric`: heuristic scaling, PDQ description 2017
constexpr int kBestQuality = 100;

using Bits = std::array<std::uint16_t, kSide>;  // bit j of row i

struct Matrix {
  float rows[16][64], columns[64][16];
};

// The reference multiplies a float by a double and rounds once; the order of the factors is its own.
const Matrix& cosines() {
  static const Matrix made = [] {
    Matrix m{};
    const auto scale = static_cast<float>(std::sqrt(2.0 / 64.0));
    for (std::size_t i = 0; i < 16; ++i)
      for (std::size_t j = 0; j < 64; ++j)
        m.columns[j][i] = m.rows[i][j] = static_cast<float>(
            static_cast<double>(scale) *
            std::cos((M_PI / 2.0 / 64.0) * static_cast<double>(i + 1) * static_cast<double>(2 * j + 1)));
    return m;
  }();
  return made;
}

// Turning or mirroring a picture changes the signs of its coefficients by row and column, and may transpose
// them. So four patterns of signs, each transposed or not, make all eight.
constexpr int kPatterns = 4;

// Of the coefficient before it is transposed.
bool negated(int pattern, int i, int j) {
  switch (pattern) {
    case 1: return j % 2 == 0;
    case 2: return (i + j) % 2 != 0;
    case 3: return i % 2 == 0;
    default: return false;
  }
}

struct Variant {
  int pattern;
  bool transposed;
};

constexpr Variant kVariantsInOrder[kVariants] = {
    {0, false}, {1, true}, {2, false}, {3, true}, {3, false}, {1, false}, {0, true}, {2, true},
};

Hash to_hash(const Bits& bits) {
  Hash hash;
  for (std::size_t i = 0; i < kSide; ++i) {
    hash[kHashBytes - 1 - 2 * i] = static_cast<std::uint8_t>(bits[i] & 0xFF);
    hash[kHashBytes - 2 - 2 * i] = static_cast<std::uint8_t>(bits[i] >> 8);
  }
  return hash;
}

Bits transpose(const Bits& bits) {
  Bits turned{};
  for (unsigned i = 0; i < kSide; ++i)
    for (unsigned j = 0; j < kSide; ++j)
      turned[j] = static_cast<std::uint16_t>(turned[j] | ((bits[i] >> j & 1U) << i));
  return turned;
}

struct Cut {
  Bits above{};
  bool certain = true;
};

// A bit for every coefficient above the median, which is the lower of the middle two (`torben`). Where half of
// them are above it, errors can change a bit only by exchanging one of those with another. Where fewer are,
// some equal the median, as zeros of a symmetric picture do, and any error may put them on either side.
Cut cut_at_median(const Coefficients& values, const Coefficients& bound) {
  std::array<float, kBits> sorted;
  std::copy_n(values[0].data(), kBits, sorted.begin());
  std::nth_element(sorted.begin(), sorted.begin() + kBits / 2 - 1, sorted.end());
  const float median = sorted[kBits / 2 - 1];

  Cut cut;
  float least_above = INFINITY, most_below = -INFINITY;
  int above = 0;
  for (std::size_t i = 0; i < kSide; ++i)
    for (std::size_t j = 0; j < kSide; ++j) {
      const float value = values[i][j], error = bound[i][j];
      if (value > median) {
        cut.above[i] = static_cast<std::uint16_t>(cut.above[i] | (1U << j));
        least_above = std::min(least_above, value - error);
        ++above;
      } else {
        most_below = std::max(most_below, value + error);
      }
    }
  cut.certain = above == kBits / 2 && most_below < least_above;
  return cut;
}

int quality_of(int gradient_sum) { return std::min(gradient_sum / kGradientsPerPoint, kBestQuality); }

}  // namespace

Spectrum transform(const Samples& samples) {
  Spectrum spectrum;
  float half[kSide][64];
  kernels().transform(&samples.at[0][0], &cosines().rows[0][0], &cosines().columns[0][0], &half[0][0],
                      spectrum.coefficients[0].data());
  for (std::size_t i = 0; i < kSide; ++i) {
    const auto [least, most] = std::minmax_element(half[i], half[i] + 64);
    spectrum.half_size[i] = std::max(std::fabs(*least), std::fabs(*most));
  }
  return spectrum;
}

Result conclude(const Samples& samples, const Rounding* rounding) {
  Result result;
  int least = 0, most = 0;
  kernels().gradients(&samples.at[0][0], 0.0F, &least, &most);
  result.quality = quality_of(least);
  if (rounding != nullptr) {
    kernels().gradients(&samples.at[0][0], rounding->of_gradients() * 100 / 255, &least, &most);
    result.certain = quality_of(least) == quality_of(most);
  }

  const Spectrum spectrum = transform(samples);
  const Coefficients bound = rounding != nullptr ? rounding->of(spectrum) : Coefficients{};
  std::array<Bits, kPatterns> above;
  for (int pattern = 0; pattern < kPatterns; ++pattern) {
    Coefficients values = spectrum.coefficients;
    for (int i = 0; i < kSide; ++i)
      for (int j = 0; j < kSide; ++j)
        if (negated(pattern, i, j)) values[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] *= -1.0F;
    const Cut cut = cut_at_median(values, bound);
    result.certain = result.certain && (rounding == nullptr || cut.certain);
    above[static_cast<std::size_t>(pattern)] = cut.above;
  }
  for (std::size_t v = 0; v < kVariants; ++v) {
    const Bits& bits = above[static_cast<std::size_t>(kVariantsInOrder[v].pattern)];
    result.hashes[v] = to_hash(kVariantsInOrder[v].transposed ? transpose(bits) : bits);
  }
  return result;
}

}  // namespace safelight::pdq
