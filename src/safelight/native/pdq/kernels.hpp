// The inner loops of this room, compiled once for each instruction set and chosen when first used.
//
// The reference adds up its running sums strictly one value after the other, so a row cannot be split among
// the lanes of a vector. Instead a block of rows goes through together, one row a lane, column after column:
// block[x * block_rows + row]. Between the passes blocks are turned back into rows and into blocks again.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::pdq {

constexpr int kMostLanes = 16;
constexpr int kMostRows = 32;

// An integer below 2^20 to divide by, and its reciprocal to twice a float's precision.
struct Divisor {
  float value, high, low;
};
Divisor divisor(int by);

// A running window along the rows of a block: its sums, and the columns inside it, as many as `mask` + 1, a
// power of two above the window's width.
struct RowWindow {
  alignas(64) float sums[kMostRows];
  float* inside;
  int mask, width;
};

struct Kernels {
  int block_rows;  // at most kMostRows

  // sums[x] += weights[0] * rows[0][x] + weights[1] * rows[1][x] ... for n bytes a row.
  void (*accumulate)(const std::uint8_t* rows, std::ptrdiff_t stride, int count, const float* weights, int n,
                     float* sums);
  // Luma of accumulated RGB; rounds as it likes.
  void (*luma_of_sums)(const float* rgb, int width, float* luma);
  // Inner product of n values, n a multiple of kTapBlock; rounds as it likes.
  float (*dot)(const float* values, const float* weights, int n);

  // The luma of `count` pixels rounded as the reference's: (R*0.299 + G*0.587) + B*0.114 in double, then to
  // float. The row has `width` pixels from there on; beyond them luma is zero.
  void (*luma_row)(const std::uint8_t* row, int channels, int width, int count, float* luma);
  // The three below work on `count` columns from column `from` on, multiples of kMostLanes.
  //
  // The box pass along rows: rows in, a block out. What comes out at a column is divided by that column's
  // divisor, and belongs to the column `reach` before it.
  void (*box_along_rows)(const float* rows, std::ptrdiff_t stride, int from, int count, RowWindow& window,
                         const Divisor* divisors, float* block);
  // The box pass along columns: a block in, rows out, each divided by its divisor. Each row that enters the
  // window is kept at `enter`, the one that leaves it is at `leave`; `sums` is the state of every column.
  void (*box_along_columns)(const float* block, int from, int count, float* const* enter,
                            const float* const* leave, const Divisor* divisors, float* sums, float* out,
                            std::ptrdiff_t stride);
  // The box pass along rows without the division.
  void (*sum_along_rows)(const float* rows, std::ptrdiff_t stride, int from, int count, RowWindow& window,
                         float* block);

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
