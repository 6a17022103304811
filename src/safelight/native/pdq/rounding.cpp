#include <algorithm>
#include <cmath>

#include "conclude.hpp"

namespace safelight::pdq {

RoundingBound rounding_bound(int, int) {
  RoundingBound bound{};
  for (auto& row : bound.coefficients) row.fill(5e-4F);
  bound.gradient = 1e-3F;
  return bound;
}

RoundingShare share_of_bound(const Samples& fast, const Samples& exact, const RoundingBound& bound) {
  RoundingShare share{};
  const Coefficients ours = transform(fast), theirs = transform(exact);
  for (std::size_t i = 0; i < kCoefficients; ++i)
    for (std::size_t j = 0; j < kCoefficients; ++j)
      share.coefficients =
          std::max(share.coefficients, std::fabs(ours[i][j] - theirs[i][j]) / bound.coefficients[i][j]);
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 64; ++j)
      for (const auto [down, right] : {std::pair{1, 0}, std::pair{0, 1}}) {
        if (i + down > 63 || j + right > 63) continue;
        const float ours_d = fast.at[i][j] - fast.at[i + down][j + right];
        const float theirs_d = exact.at[i][j] - exact.at[i + down][j + right];
        share.gradients = std::max(share.gradients, std::fabs(ours_d - theirs_d) / bound.gradient);
      }
  return share;
}

}  // namespace safelight::pdq
