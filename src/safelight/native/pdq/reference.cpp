#include "reference.hpp"

#include <algorithm>

namespace safelight::pdq {
namespace {

std::size_t size(std::ptrdiff_t n) { return static_cast<std::size_t>(n); }

// Whole cache lines, and an odd number of them: rows a power of two apart would share one set of a cache.
std::ptrdiff_t row_stride(std::ptrdiff_t columns) {
  const std::ptrdiff_t line = kMostLanes, lines = (columns + line - 1) / line;
  return (lines | 1) * line;
}

}  // namespace

Box::Box(int length, int before_, int after)
    : window(window_size(length)), reach(window_reach(length)), before(before_) {
  for (int step = -before; step < length + reach + after; ++step) {
    const int inside = std::min(step + 1, length) - std::max(0, step + 1 - window);
    divisors.emplace_back(std::clamp(inside, 1, window));
  }
}

ColumnPass::ColumnPass(int width, std::ptrdiff_t stride, int length, int late)
    : width_((width + kMostLanes - 1) / kMostLanes * kMostLanes),
      stride_(stride),
      box_(length, late, 2 * kMostLanes),
      kept_rows_(box_.window + kernels().lanes),
      kept_(stride * kept_rows_),
      sums_(stride),
      entered_(-late) {}

void ColumnPass::run(const float* block, float* out) {
  const int lanes = kernels().lanes;
  float *enter[kMostLanes], *leave[kMostLanes];
  for (int row = 0; row < lanes; ++row) {
    const int here = entered_ + row + box_.before;
    enter[row] = kept_.at(stride_ * (here % kept_rows_));
    leave[row] = kept_.at(stride_ * ((here + lanes) % kept_rows_));  // that of `window` rows ago
  }
  kernels().box_along_columns(block, width_, enter, leave, box_.steps().divisors + entered_, sums_.at(0), out,
                              stride_);
  entered_ += lanes;
}

ReferenceFilter::ReferenceFilter(int width, int height, int channels)
    : kernels_(kernels()),
      width_(width),
      height_(height),
      channels_(channels),
      across_(width, 0, 2 * kMostLanes),
      stride_(row_stride(width + across_.reach)),
      rows_(stride_ * kernels_.lanes),
      block_((across_.reach + stride_) * kernels_.lanes),
      second_(width, stride_, height, 0),
      fourth_(kSamples, kSamples, height, second_.box().reach),
      sampled_(std::ptrdiff_t{kSamples} * kernels_.lanes),
      blurred_(std::ptrdiff_t{kSamples} * kernels_.lanes) {
  int passing = 1;
  while (passing <= across_.window) passing *= 2;
  mask_ = passing - 1;
  passing_ = AlignedFloats(std::ptrdiff_t{passing} * kernels_.lanes);
  for (int sample = 0; sample < kSamples; ++sample) {
    sample_columns_[sample] = sample_position(sample, width);
    sample_rows_[sample] = sample_position(sample, height);
  }
}

void ReferenceFilter::push(const std::uint8_t* row) {
  kernels_.luma_row(row, channels_, width_, rows_.at(stride_ * staged_));
  if (++staged_ == kernels_.lanes) run_block();
}

void ReferenceFilter::run_block() {
  const int lanes = kernels_.lanes, columns = static_cast<int>(stride_);
  float* const block = block_.at(std::ptrdiff_t{across_.reach} * lanes);
  kernels_.box_along_rows(rows_.at(0), stride_, columns, across_.steps(), passing_.at(0), mask_, block);
  // What was computed beyond the picture is rounding left over; the third pass must find zeros there.
  std::fill(block + std::ptrdiff_t{width_} * lanes, block + stride_ * lanes, 0.0F);
  second_.run(block, rows_.at(0));
  kernels_.box_at_columns(rows_.at(0), stride_, columns, across_.steps(), passing_.at(0), mask_, block,
                          sample_columns_, kSamples, sampled_.at(0));
  // And so must the fourth above and below it.
  for (int row = 0; row < lanes; ++row)
    if (const int y = fourth_.entered() + row; y < 0 || y >= height_)
      for (int k = 0; k < kSamples; ++k) *sampled_.at(k * lanes + row) = 0.0F;
  const int first = fourth_.entered() - fourth_.box().reach;
  fourth_.run(sampled_.at(0), blurred_.at(0));
  for (; next_sample_ < kSamples && sample_rows_[next_sample_] < first + lanes; ++next_sample_)
    std::copy_n(blurred_.at(std::ptrdiff_t{kSamples} * (sample_rows_[next_sample_] - first)), kSamples,
                samples_.at[next_sample_]);
  staged_ = 0;
}

Samples ReferenceFilter::finish() {
  // Rows of zeros push the last rows out of the windows, in the second pass and then in the fourth.
  while (next_sample_ < kSamples) {
    std::fill(rows_.at(stride_ * staged_), rows_.at(stride_ * kernels_.lanes), 0.0F);
    run_block();
  }
  return samples_;
}

ReferenceSampler::ReferenceSampler(int width, int height, int channels, Orientation orientation)
    : width_(width),
      height_(height),
      channels_(channels),
      orientation_(orientation),
      streams_(!orientation.transposed && !orientation.reversed_y),
      filter_(orientation.transposed ? height : width, orientation.transposed ? width : height, channels),
      shown_(size(std::ptrdiff_t{orientation.transposed ? kBand * height : width} * channels)) {
  if (!streams_) kept_.assign(size(std::ptrdiff_t{width} * height * channels), 0);
}

void ReferenceSampler::push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) {
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{width_} * channels_;
  for (int y = 0; y < count; ++y, ++y_, rows += stride) {
    if (streams_)
      show_row(rows);
    else
      std::copy(rows, rows + row_bytes, kept_.begin() + y_ * row_bytes);
  }
}

Samples ReferenceSampler::finish() {
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{width_} * channels_;
  if (streams_) {
    const std::vector<std::uint8_t> black(size(row_bytes), 0);
    for (; y_ < height_; ++y_) show_row(black.data());
  } else if (orientation_.transposed) {
    for (int from = 0; from < width_; from += kBand) show_columns(from, std::min(from + kBand, width_));
  } else {
    for (int y = height_ - 1; y >= 0; --y) show_row(&kept_[size(y * row_bytes)]);
  }
  return filter_.finish();
}

void ReferenceSampler::show_row(const std::uint8_t* row) {
  if (!orientation_.reversed_x) return filter_.push(row);
  const std::uint8_t* from = row + std::ptrdiff_t{width_} * channels_;
  for (std::uint8_t* to = shown_.data(); from != row; to += channels_) copy_pixel(from -= channels_, to);
  filter_.push(shown_.data());
}

// Columns become rows a band at a time, so that each kept row is read a few whole cache lines at a time.
void ReferenceSampler::show_columns(int from, int to) {
  const std::ptrdiff_t shown_bytes = std::ptrdiff_t{height_} * channels_;
  for (int y = 0; y < height_; ++y) {
    const int stored_y = orientation_.reversed_y ? height_ - 1 - y : y;
    const std::uint8_t* row = &kept_[size(std::ptrdiff_t{stored_y} * width_ * channels_)];
    std::uint8_t* shown = &shown_[size(std::ptrdiff_t{y} * channels_)];
    for (int x = from; x < to; ++x, shown += shown_bytes)
      copy_pixel(row + std::ptrdiff_t{orientation_.reversed_x ? width_ - 1 - x : x} * channels_, shown);
  }
  for (int x = from; x < to; ++x) filter_.push(&shown_[size((x - from) * shown_bytes)]);
}

void ReferenceSampler::copy_pixel(const std::uint8_t* from, std::uint8_t* to) const {
  to[0] = from[0];
  if (channels_ == 1) return;
  to[1] = from[1];
  to[2] = from[2];
}

}  // namespace safelight::pdq
