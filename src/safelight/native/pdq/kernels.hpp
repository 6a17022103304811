// The inner loops of this room, compiled once for each instruction set and chosen when first used.
//
// Blocks hold `lanes` rows of a picture side by side, column after column: block[x * lanes + row]. So the
// running sums along rows, which the reference adds up strictly one after the other, run `lanes` at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::pdq {

// One step of a running window: what the sum is divided by, and the reciprocal of that. Steps before the
// first output and after the last input are there too; what they add or subtract is zero.
struct Steps {
  const float* count;
  const float* reciprocal;
  int window, reach;
};

struct Kernels {
  int lanes;

  // sums[x] += weights[0] * rows[0][x] + weights[1] * rows[1][x] ... for n bytes a row.
  void (*accumulate)(const std::uint8_t* rows, std::ptrdiff_t stride, int count, const float* weights, int n,
                     float* sums);
  // Luma of accumulated RGB; rounds as it likes.
  void (*luma_of_sums)(const float* rgb, int width, float* luma);
  // Inner product of n values, n a multiple of kTapBlock; rounds as it likes.
  float (*dot)(const float* values, const float* weights, int n);

  // Luma of a row rounded as the reference's: (R*0.299 + G*0.587) + B*0.114 in double, then to float.
  void (*luma_row)(const std::uint8_t* row, int channels, int width, float* luma);
  // `lanes` rows into a block; width a multiple of lanes.
  void (*rows_to_block)(const float* rows, std::ptrdiff_t stride, int width, float* block);
  // The reference's box pass along rows. `in` has `window` zero columns before it and `reach` after it, `out`
  // has `reach` columns before it for the steps without output.
  void (*box_along_rows)(const float* in, int width, const Steps& steps, float* out);
  // The same along columns, for the `lanes` rows of a block; the rows that enter are kept in a ring of rows.
  // `sums` is the state of each column; width a multiple of lanes.
  void (*box_along_columns)(const float* in, int width, float* ring, std::ptrdiff_t stride, const int* enter,
                            const int* leave, const Steps& steps, int first_step, float* sums, float* out);
  // The box pass along rows, kept at `count` ascending columns only: out[k * lanes + row].
  void (*box_at_columns)(const float* in, const Steps& steps, const int* columns, int count, float* out);

  // The reference's 64x64 -> 16x16 transform; `matrix` is 16x64 and `transposed` 64x16. `half` receives the
  // 16x64 that it goes through.
  void (*transform)(const float* samples, const float* matrix, const float* transposed, float* half,
                    float* coefficients);
  // The reference's sum of quantised gradients (hundredths of 255 grey levels, cut towards zero), were every
  // gradient smaller, or larger, by `error` of those hundredths.
  void (*gradients)(const float* samples, float error, int* least, int* most);
};

const Kernels& kernels();

}  // namespace safelight::pdq
