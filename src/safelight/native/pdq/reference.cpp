#include "reference.hpp"

#include <algorithm>

#include "taps.hpp"

namespace safelight::pdq {
namespace {

std::size_t size(std::ptrdiff_t n) { return static_cast<std::size_t>(n); }

}  // namespace

Divisors::Divisors(int length) : window(window_size(length)), reach(window_reach(length)) {
  for (int step = 0; step < length + reach; ++step) {
    const int inside = std::min(step + 1, length) - std::max(0, step + 1 - window);
    count.push_back(static_cast<float>(inside));
    reciprocal.push_back(1.0F / static_cast<float>(inside));
  }
}

void Divisors::extend(int steps) {
  count.resize(size(steps), 1.0F);
  reciprocal.resize(size(steps), 1.0F);
}

ReferenceFilter::ReferenceFilter(int width, int height, int channels)
    : kernels_(kernels()), width_(width), height_(height), channels_(channels), across_(width), down_(height) {
  const int rows = kernels_.block_rows;
  // Whole cache lines a row, an odd number of them: rows a power of two apart would share one set of a cache.
  const int line = 16;
  padded_ = (width + across_.reach + line - 1) / line * line;
  if (padded_ / line % 2 == 0) padded_ += line;
  // Tiles and blocks go on beyond the last step; their results are not used, but they need divisors.
  across_.extend(padded_);
  down_.extend(height + down_.reach + 2 * rows);

  rows_ = AlignedFloats(std::ptrdiff_t{padded_} * rows);
  block_ = AlignedFloats(std::ptrdiff_t{across_.reach + padded_} * rows);
  int passing = 1;
  while (passing <= across_.window) passing *= 2;
  mask_ = passing - 1;
  passing_ = AlignedFloats(std::ptrdiff_t{passing} * rows);
  ring_rows_ = down_.window + rows;
  ring_ = AlignedFloats(std::ptrdiff_t{padded_} * ring_rows_);
  sums_ = AlignedFloats(padded_);
  sampled_ = AlignedFloats(std::ptrdiff_t{kSamples} * rows);
  last_ring_ = AlignedFloats(std::ptrdiff_t{kSamples} * down_.window);
  for (int sample = 0; sample < kSamples; ++sample) {
    sample_columns_[sample] = sample_position(sample, width);
    sample_rows_[sample] = sample_position(sample, height);
  }
}

void ReferenceFilter::push(const std::uint8_t* row) {
  kernels_.luma_row(row, channels_, width_, rows_.at(std::ptrdiff_t{padded_} * staged_));
  if (++staged_ == kernels_.block_rows) run_block();
}

void ReferenceFilter::run_block() {
  const int rows = kernels_.block_rows;
  float *enter[kMostBlockRows], *leave[kMostBlockRows];
  for (int row = 0; row < rows; ++row) {
    const int here = entered_ + row;
    enter[row] = ring_.at(std::ptrdiff_t{padded_} * (here % ring_rows_));
    leave[row] = ring_.at(std::ptrdiff_t{padded_} * ((here + rows) % ring_rows_));  // `window` rows ago
  }
  float* const block = block_.at(std::ptrdiff_t{across_.reach} * rows);
  kernels_.box_along_rows(rows_.at(0), padded_, padded_, across_.steps(), passing_.at(0), mask_, block);
  // What the tiles computed beyond the picture is rounding left over; the third pass must find zeros there.
  const int whole = (width_ + kernels_.tile - 1) / kernels_.tile * kernels_.tile;
  std::fill(block + std::ptrdiff_t{width_} * rows, block + std::ptrdiff_t{whole} * rows, 0.0F);
  kernels_.box_along_columns(block, whole, enter, leave, down_.steps(), entered_, sums_.at(0), rows_.at(0),
                             padded_);
  kernels_.box_at_columns(rows_.at(0), padded_, padded_, across_.steps(), passing_.at(0), mask_, block,
                          sample_columns_, kSamples, sampled_.at(0));
  for (int row = 0; row < rows; ++row) {
    const int blurred = entered_ + row - down_.reach;
    if (blurred < 0 || blurred >= height_) continue;
    float columns[64];
    for (int k = 0; k < kSamples; ++k) columns[k] = *sampled_.at(k * rows + row);
    sample_row(columns);
  }
  entered_ += rows;
  staged_ = 0;
}

void ReferenceFilter::sample_row(const float* row) {
  float* oldest = last_ring_.at(kSamples * (swept_ % down_.window));
  for (int k = 0; k < kSamples; ++k) {
    last_sums_[k] += row[k];
    last_sums_[k] -= oldest[k];
    oldest[k] = row[k];
  }
  const float count = down_.count[size(swept_)];
  for (; next_sample_ < kSamples && sample_rows_[next_sample_] + down_.reach == swept_; ++next_sample_)
    for (int k = 0; k < kSamples; ++k) samples_.at[next_sample_][k] = last_sums_[k] / count;
  ++swept_;
}

Samples ReferenceFilter::finish() {
  // Rows of zeros push the last rows out of the windows, in the second pass and then in the fourth.
  while (swept_ < height_) {
    std::fill(rows_.at(std::ptrdiff_t{padded_} * staged_),
              rows_.at(std::ptrdiff_t{padded_} * kernels_.block_rows), 0.0F);
    run_block();
  }
  const float zeros[64] = {};
  while (next_sample_ < kSamples) sample_row(zeros);
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
