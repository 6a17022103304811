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
  const int tile = kernels_.tile, rows = kernels_.block_rows;
  padded_ = (width + across_.reach + tile - 1) / tile * tile;
  // Tiles and blocks go on beyond the last step; their results are not used, but they need divisors.
  across_.extend(padded_);
  down_.extend(height + down_.reach + 2 * rows);

  rows_.assign(size(std::ptrdiff_t{padded_} * rows), 0.0F);
  block_.assign(size(std::ptrdiff_t{across_.reach + padded_} * rows), 0.0F);
  int passing = 1;
  while (passing <= across_.window) passing *= 2;
  mask_ = passing - 1;
  passing_.assign(size(std::ptrdiff_t{passing} * rows), 0.0F);
  ring_rows_ = down_.window + rows;
  ring_.assign(size(std::ptrdiff_t{padded_} * ring_rows_), 0.0F);
  sums_.assign(size(padded_), 0.0F);
  sampled_.assign(size(64 * rows), 0.0F);
  last_ring_.assign(size(64 * down_.window), 0.0F);
  for (int sample = 0; sample < kSamples; ++sample) {
    sample_columns_[sample] = sample_position(sample, width);
    sample_rows_[sample] = sample_position(sample, height);
  }
}

void ReferenceFilter::push(const std::uint8_t* row) {
  kernels_.luma_row(row, channels_, width_, &rows_[size(std::ptrdiff_t{padded_} * staged_)]);
  if (++staged_ == kernels_.block_rows) run_block();
}

void ReferenceFilter::run_block() {
  const int rows = kernels_.block_rows;
  float *enter[kMostBlockRows], *leave[kMostBlockRows];
  for (int row = 0; row < rows; ++row) {
    const int here = entered_ + row;
    enter[row] = &ring_[size(std::ptrdiff_t{padded_} * (here % ring_rows_))];
    leave[row] = &ring_[size(std::ptrdiff_t{padded_} * ((here + rows) % ring_rows_))];  // `window` rows ago
  }
  float* const block = &block_[size(std::ptrdiff_t{across_.reach} * rows)];
  kernels_.box_along_rows(rows_.data(), padded_, padded_, across_.steps(), passing_.data(), mask_, block);
  // What the tiles computed beyond the picture is rounding left over; the third pass must find zeros there.
  const int whole = (width_ + kernels_.tile - 1) / kernels_.tile * kernels_.tile;
  std::fill(block + std::ptrdiff_t{width_} * rows, block + std::ptrdiff_t{whole} * rows, 0.0F);
  kernels_.box_along_columns(block, whole, enter, leave, down_.steps(), entered_, sums_.data(), rows_.data(),
                             padded_);
  kernels_.box_at_columns(rows_.data(), padded_, padded_, across_.steps(), passing_.data(), mask_, block,
                          sample_columns_, kSamples, sampled_.data());
  for (int row = 0; row < rows; ++row) {
    const int blurred = entered_ + row - down_.reach;
    if (blurred < 0 || blurred >= height_) continue;
    float columns[64];
    for (int k = 0; k < kSamples; ++k) columns[k] = sampled_[size(k * rows + row)];
    sample_row(columns);
  }
  entered_ += rows;
  staged_ = 0;
}

void ReferenceFilter::sample_row(const float* row) {
  float* oldest = &last_ring_[size(64 * (swept_ % down_.window))];
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
    std::fill(rows_.begin() + std::ptrdiff_t{padded_} * staged_, rows_.end(), 0.0F);
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
      row_(size(std::ptrdiff_t{orientation.transposed ? height : width} * channels)) {
  if (!streams_) kept_.assign(size(std::ptrdiff_t{width} * height * channels), 0);
}

// One row as shown, from pixels that lie `step` bytes apart.
void ReferenceSampler::show_row(const std::uint8_t* first, std::ptrdiff_t step, int count) {
  std::uint8_t* to = row_.data();
  for (int x = 0; x < count; ++x, first += step)
    for (int channel = 0; channel < channels_; ++channel) *to++ = first[channel];
  filter_.push(row_.data());
}

void ReferenceSampler::push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) {
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{width_} * channels_;
  for (int y = 0; y < count; ++y, ++y_, rows += stride) {
    if (!streams_)
      std::copy(rows, rows + row_bytes, kept_.begin() + y_ * row_bytes);
    else if (orientation_.reversed_x)
      show_row(rows + row_bytes - channels_, -channels_, width_);
    else
      filter_.push(rows);
  }
}

Samples ReferenceSampler::finish() {
  const std::ptrdiff_t pixel = channels_, row = pixel * width_;
  if (streams_) {
    std::fill(row_.begin(), row_.end(), std::uint8_t{0});
    for (; y_ < height_; ++y_) filter_.push(row_.data());
    return filter_.finish();
  }
  const std::uint8_t* corner = kept_.data() + (orientation_.reversed_x ? row - pixel : 0) +
                               (orientation_.reversed_y ? row * (height_ - 1) : 0);
  const std::ptrdiff_t right = orientation_.reversed_x ? -pixel : pixel;
  const std::ptrdiff_t down = orientation_.reversed_y ? -row : row;
  if (orientation_.transposed)
    for (int y = 0; y < width_; ++y) show_row(corner + y * right, down, height_);
  else
    for (int y = 0; y < height_; ++y) show_row(corner + y * down, right, width_);
  return filter_.finish();
}

}  // namespace safelight::pdq
