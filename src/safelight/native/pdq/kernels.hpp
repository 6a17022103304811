// The inner loops of this room, compiled once for each instruction set and chosen when first used.
//
// The reference adds up its running sums strictly one value after the other, so a row cannot be split among
// the lanes of a vector. Instead a block of rows goes through together, one row a lane, column after column:
// block[x * block_rows + row]. Between the passes blocks are turned back into rows and into blocks again.
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

constexpr int kMostBlockRows = 32;

struct Kernels {
  int tile;        // columns that are worked on together
  int block_rows;  // at most kMostBlockRows

  // sums[x] += weights[0] * rows[0][x] + weights[1] * rows[1][x] ... for n bytes a row.
  void (*accumulate)(const std::uint8_t* rows, std::ptrdiff_t stride, int count, const float* weights, int n,
                     float* sums);
  // Luma of accumulated RGB; rounds as it likes.
  void (*luma_of_sums)(const float* rgb, int width, float* luma);
  // Inner product of n values, n a multiple of kTapBlock; rounds as it likes.
  float (*dot)(const float* values, const float* weights, int n);

  // Luma of a row rounded as the reference's: (R*0.299 + G*0.587) + B*0.114 in double, then to float.
  void (*luma_row)(const std::uint8_t* row, int channels, int width, float* luma);
  // The box pass along a block of rows: rows in, a block out. Both are `width` columns wide, a multiple of
  // `tile` with at least `reach` columns of zeros at the end; `out` has `reach` columns before it for the steps
  // that have no output. `passing` keeps the columns inside the window: `mask` + 1 of them, a power of two
  // above the window.
  void (*box_along_rows)(const float* rows, std::ptrdiff_t stride, int width, const Steps& steps, float* passing,
                         int mask, float* out);
  // The box pass along columns for the rows of a block: a block in, rows out. Each row that enters the window
  // is kept at `enter`, the one that leaves it is at `leave`; `sums` is the state of each column.
  void (*box_along_columns)(const float* block, int width, float* const* enter, const float* const* leave,
                            const Steps& steps, int first_step, float* sums, float* out, std::ptrdiff_t stride);
  // The box pass along rows again, divided at `count` ascending columns only: out[k * block_rows + row].
  // `swept` is a block of `width` columns for the sums.
  void (*box_at_columns)(const float* rows, std::ptrdiff_t stride, int width, const Steps& steps, float* passing,
                         int mask, float* swept, const int* columns, int count, float* out);

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
