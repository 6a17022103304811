// The samples of a picture by the reference's own operations in their own order, so that they are equal to its
// samples in every bit. About three times the work of `FastSampler`.
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
  int padded_;  // width, rounded up to whole tiles
  Divisors across_, down_;

  std::vector<float> staged_;        // `lanes` rows of luma
  std::vector<float> luma_, once_, twice_;  // blocks: luma, blurred along rows, then along columns
  std::vector<float> ring_, sums_;   // the second pass's rows and running sums
  int ring_rows_;
  int columns_[64], rows_[64];
  std::vector<float> sampled_;       // the third pass at the 64 columns: a block
  std::vector<float> last_ring_;     // the fourth pass's rows
  float last_sums_[64] = {};
  int staged_rows_ = 0;
  int entered_ = 0;                  // rows that entered the second pass
  int sampled_rows_ = 0;             // rows that entered the fourth
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
