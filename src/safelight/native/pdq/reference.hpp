// The samples of a picture by the reference's own operations in their own order, so that they are equal to its
// samples in every bit. A few times the work of `FastSampler`.
//
// The reference blurs along rows, columns, rows and columns with running sums in float, which never forget
// their rounding: the result depends on where each sum began. Pictures that are stored as shown (or only
// mirrored) stream through in memory of a few dozen rows; those turned are kept until the last row has come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aligned.hpp"
#include "kernels.hpp"
#include "orientation.hpp"
#include "samples.hpp"
#include "taps.hpp"

namespace safelight::pdq {

// A running window along one axis of the picture.
struct Box {
  explicit Box(int length);
  // By what the sum is divided after a step. Blocks begin up to `reach` steps before the first and go on after
  // the last; what comes out there has no meaning.
  const Divisor* divisors_from(int step) const { return &divisors[static_cast<std::size_t>(step + beyond)]; }

  int window, reach, beyond;
  std::vector<Divisor> divisors;
};

// A box pass along rows, a strip of columns at a time.
class RowPass {
 public:
  explicit RowPass(const Box& box);
  void restart();  // for the next block of rows
  RowWindow& window() { return window_; }

 private:
  AlignedFloats inside_;
  RowWindow window_;
};

// A box pass along columns: the rows inside its window, and the sum of each column.
class ColumnPass {
 public:
  ColumnPass(const Box& box, int columns, int first_row);
  void run(const float* block, int from, int count, float* out, std::ptrdiff_t stride);
  void next_block() { row_ += kernels().block_rows; }
  int row() const { return row_; }  // of the picture: the first of the block that enters

 private:
  const Box& box_;
  std::ptrdiff_t columns_;
  int kept_rows_;
  AlignedFloats kept_, sums_;
  int row_;
};

// The picture as shown, in order.
class ReferenceFilter {
 public:
  ReferenceFilter(int width, int height, int channels);
  void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count);
  Samples finish();

 private:
  static constexpr int kStrip = 128;  // columns; what is at work on a block of them stays in the first cache

  void run_block(const std::uint8_t* rows, std::ptrdiff_t stride);
  void run_strip(const std::uint8_t* rows, std::ptrdiff_t stride, int from, int count);
  void take_samples();

  const Kernels& kernels_;
  int width_, height_, channels_;
  Box across_, down_;
  int columns_;  // the picture, what its windows reach beyond, whole vectors
  RowPass first_, third_;
  ColumnPass second_, fourth_;
  AlignedFloats rows_, block_;       // a strip, between the passes
  AlignedFloats sampled_, blurred_;  // a block at the 64 columns, after the third and the fourth pass
  int next_column_ = 0, next_row_ = 0;  // samples awaited
  std::vector<std::uint8_t> waiting_;   // rows of a block that is not complete
  int waiting_rows_ = 0;
  Samples samples_;
};

class ReferenceSampler final : public Sampler {
 public:
  ReferenceSampler(int width, int height, int channels, Orientation orientation);
  void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) override;
  Samples finish() override;

 private:
  static constexpr int kBand = kMostRows;

  void show_rows(const std::uint8_t* rows, std::ptrdiff_t stride, int count);
  void show_columns(int from, int to);
  void copy_pixel(const std::uint8_t* from, std::uint8_t* to) const;

  int width_, height_, channels_;
  Orientation orientation_;
  bool streams_;
  ReferenceFilter filter_;
  int y_ = 0;
  std::vector<std::uint8_t> shown_, kept_;
};

}  // namespace safelight::pdq
