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
  // `before` and `after` are steps beyond those of the axis; nobody uses their results.
  Box(int length, int before, int after);
  Steps steps() const { return {&divisors[static_cast<std::size_t>(before)], window, reach}; }

  int window, reach, before;
  std::vector<Divisor> divisors;
};

// A box pass along columns: the rows inside its window, and the sum of each column.
class ColumnPass {
 public:
  ColumnPass(int width, std::ptrdiff_t stride, int length, int late);
  // The next rows of a block: block in, rows out. The pass is `late` steps behind: as many rows come before
  // the first.
  void run(const float* block, float* out);

  const Box& box() const { return box_; }
  int entered() const { return entered_; }  // negative while the rows before the first come

 private:
  int width_;
  std::ptrdiff_t stride_;
  Box box_;
  int kept_rows_;
  AlignedFloats kept_, sums_;
  int entered_;
};

// The picture as shown, row by row.
class ReferenceFilter {
 public:
  ReferenceFilter(int width, int height, int channels);
  void push(const std::uint8_t* row);
  Samples finish();

 private:
  void run_block();

  const Kernels& kernels_;
  int width_, height_, channels_;
  Box across_;
  std::ptrdiff_t stride_;       // of rows: the picture, what its windows reach beyond, whole cache lines
  AlignedFloats rows_, block_;  // the block at hand, between the passes
  AlignedFloats passing_;       // columns inside the window of a pass along rows
  int mask_;                    // one less than how many
  ColumnPass second_, fourth_;
  AlignedFloats sampled_, blurred_;  // the third pass at the 64 columns, and the fourth
  int sample_columns_[kSamples], sample_rows_[kSamples];
  int staged_ = 0;              // rows of the next block that have come
  int next_sample_ = 0;
  Samples samples_;
};

class ReferenceSampler final : public Sampler {
 public:
  ReferenceSampler(int width, int height, int channels, Orientation orientation);
  void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) override;
  Samples finish() override;

 private:
  static constexpr int kBand = 32;

  void show_row(const std::uint8_t* row);
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
