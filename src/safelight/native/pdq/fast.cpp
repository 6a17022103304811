#include "fast.hpp"

#include <algorithm>
#include <utility>

#include "kernels.hpp"

namespace safelight::pdq {
namespace {

// Weights along columns are scaled to be whole numbers away from the borders: sums of whole numbers below
// 2^24 are exact in float, so most of the filter does not round at all.
double whole(int length) {
  const double window = window_size(length);
  return window * window;
}

}  // namespace

FastSampler::FastSampler(int width, int height, int channels, Orientation orientation)
    : width_(width),
      channels_(channels),
      orientation_(orientation),
      rows_(height, orientation.reversed_y, whole(height)),
      columns_(width, orientation.reversed_x, 1.0 / whole(height)),
      texture_(width, height, channels),
      luma_(static_cast<std::size_t>(width) + kTapBlock, 0.0F) {
  for (auto& sums : sums_) sums.assign(static_cast<std::size_t>(width) * channels, 0.0F);
}

void FastSampler::push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) {
  const int end = y_ + count;
  for (int y = y_; y < end; ++y) texture_.see(rows + (y - y_) * stride, y);
  for (std::size_t index = next_; index < rows_.taps.size() && rows_.taps[index].begin < end; ++index) {
    const Tap& tap = rows_.taps[index];
    const int from = std::max(tap.begin, y_), to = std::min(tap.end, end);
    kernels().accumulate(rows + (from - y_) * stride, stride, to - from,
                         &rows_.weights[tap.weights + static_cast<std::size_t>(from - tap.begin)],
                         width_ * channels_, sums_of(index).data());
    if (to < tap.end) continue;
    complete(tap);
    ++next_;
  }
  y_ = end;
}

void FastSampler::complete(const Tap& tap) {
  std::vector<float>& sums = sums_of(next_);
  if (channels_ == 3)
    kernels().luma_of_sums(sums.data(), width_, luma_.data());
  else
    std::copy(sums.begin(), sums.end(), luma_.begin());
  std::fill(sums.begin(), sums.end(), 0.0F);
  for (const Tap& column : columns_.taps) {
    const int covered = column.end - column.begin;
    samples_.at[tap.sample][column.sample] = kernels().dot(
        &luma_[static_cast<std::size_t>(column.begin)], &columns_.weights[column.weights],
        (covered + kTapBlock - 1) / kTapBlock * kTapBlock);
  }
}

Samples FastSampler::finish() {
  for (; next_ < rows_.taps.size(); ++next_) complete(rows_.taps[next_]);
  if (orientation_.transposed)
    for (int i = 0; i < kSamples; ++i)
      for (int j = 0; j < i; ++j) std::swap(samples_.at[i][j], samples_.at[j][i]);
  return samples_;
}

}  // namespace safelight::pdq
