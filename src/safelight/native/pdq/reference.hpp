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

#include "kernels.hpp"
#include "orientation.hpp"
#include "samples.hpp"

namespace safelight::pdq {

// The divisors of a running window along `length` values, and their reciprocals.
struct Divisors {
  explicit Divisors(int length);
  void extend(int steps);  // by steps whose results nobody uses
  Steps steps() const { return {count.data(), reciprocal.data(), window, reach}; }

  std::vector<float> count, reciprocal;
  int window, reach;
};

// The picture as shown, row by row.
class ReferenceFilter {
 public:
  ReferenceFilter(int width, int height, int channels);
  void push(const std::uint8_t* row);
  Samples finish();

 private:
  void run_block();
  void sample_row(const float* row);

  const Kernels& kernels_;
  int width_, height_, channels_;
  Divisors across_, down_;
  int padded_;             // columns worked on: the picture, what its windows reach beyond, whole tiles
  std::vector<float> rows_, block_;   // of the block at hand, between the passes
  std::vector<float> passing_;        // columns inside the window of a pass along rows
  int mask_;                          // one less than how many
  std::vector<float> ring_, sums_;    // rows inside the window of the second pass, and its running sums
  int ring_rows_;
  int sample_columns_[64], sample_rows_[64];
  std::vector<float> sampled_;        // the third pass at the 64 columns
  std::vector<float> last_ring_;      // rows inside the window of the fourth pass
  float last_sums_[64] = {};
  int staged_ = 0;                    // rows of the next block that have come
  int entered_ = 0;                   // rows that entered the second pass
  int swept_ = 0;                     // rows that entered the fourth
  int next_sample_ = 0;
  Samples samples_;
};

class ReferenceSampler final : public Sampler {
 public:
  ReferenceSampler(int width, int height, int channels, Orientation orientation);
  void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) override;
  Samples finish() override;

 private:
  void show_row(const std::uint8_t* first, std::ptrdiff_t step, int count);

  int width_, height_, channels_;
  Orientation orientation_;
  bool streams_;
  ReferenceFilter filter_;
  int y_ = 0;
  std::vector<std::uint8_t> row_, kept_;
};

}  // namespace safelight::pdq
