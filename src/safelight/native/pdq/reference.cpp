#include "reference.hpp"

#include <algorithm>

namespace safelight::pdq {
namespace {

std::size_t size(std::ptrdiff_t n) { return static_cast<std::size_t>(n); }

int whole_vectors(int columns) { return (columns + kMostLanes - 1) / kMostLanes * kMostLanes; }

// An odd number of cache lines: rows a power of two apart would share one set of a cache.
std::ptrdiff_t apart(int columns) { return (columns / kMostLanes | 1) * kMostLanes; }

}  // namespace

Box::Box(int length)
    : window(window_size(length)), reach(window_reach(length)), beyond(reach + 2 * kMostRows) {
  divisors.reserve(size(length + 2 * reach + 2 * beyond));
  for (int step = -beyond; step < length + 2 * reach + beyond; ++step) {
    const int inside = std::min(step + 1, length) - std::max(0, step + 1 - window);
    divisors.push_back(divisor(std::clamp(inside, 1, window)));
  }
}

RowPass::RowPass(const Box& box) : window_{} {
  int columns = 1;
  while (columns <= box.window) columns *= 2;
  inside_ = AlignedFloats(std::ptrdiff_t{columns} * kMostRows);
  window_.inside = inside_.at(0);
  window_.mask = columns - 1;
  window_.width = box.window;
}

void RowPass::restart() {
  std::fill_n(window_.sums, kMostRows, 0.0F);
  std::fill_n(window_.inside, (window_.mask + 1) * kMostRows, 0.0F);
}

ColumnPass::ColumnPass(const Box& box, int columns, int first_row)
    : box_(box),
      columns_(apart(columns)),
      kept_rows_(box.window + kernels().block_rows),
      kept_(columns_ * kept_rows_),
      sums_(columns_),
      row_(first_row) {}

void ColumnPass::run(const float* block, int from, int count, float* out, std::ptrdiff_t stride) {
  const int block_rows = kernels().block_rows;
  float *enter[kMostRows], *leave[kMostRows];
  for (int k = 0; k < block_rows; ++k) {
    const int here = row_ + k + box_.beyond;  // never negative
    enter[k] = kept_.at(columns_ * (here % kept_rows_));
    leave[k] = kept_.at(columns_ * ((here + block_rows) % kept_rows_));  // that of `window` rows ago
  }
  kernels().box_along_columns(block, from, count, enter, leave, box_.divisors_from(row_), sums_.at(0), out,
                              stride);
}

ReferenceFilter::ReferenceFilter(int width, int height, int channels)
    : kernels_(kernels()),
      width_(width),
      height_(height),
      channels_(channels),
      across_(width),
      down_(height),
      columns_(whole_vectors(width + 2 * across_.reach)),
      first_(across_),
      third_(across_),
      second_(down_, columns_, 0),
      fourth_(down_, kSamples, -down_.reach),
      rows_(std::ptrdiff_t{kStrip} * kernels_.block_rows),
      block_(std::ptrdiff_t{kStrip} * kernels_.block_rows),
      sampled_(std::ptrdiff_t{kSamples} * kernels_.block_rows),
      blurred_(std::ptrdiff_t{kSamples} * kernels_.block_rows),
      waiting_(size(std::ptrdiff_t{width} * channels * kernels_.block_rows)) {}

void ReferenceFilter::push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) {
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{width_} * channels_;
  while (count > 0) {
    if (waiting_rows_ == 0 && count >= kernels_.block_rows) {
      run_block(rows, stride);
      rows += stride * kernels_.block_rows;
      count -= kernels_.block_rows;
      continue;
    }
    std::copy_n(rows, row_bytes, waiting_.begin() + row_bytes * waiting_rows_);
    rows += stride;
    --count;
    if (++waiting_rows_ < kernels_.block_rows) continue;
    run_block(waiting_.data(), row_bytes);
    waiting_rows_ = 0;
  }
}

void ReferenceFilter::run_block(const std::uint8_t* rows, std::ptrdiff_t stride) {
  first_.restart();
  third_.restart();
  next_column_ = 0;
  for (int from = 0; from < columns_; from += kStrip)
    run_strip(rows, stride, from, std::min(kStrip, columns_ - from));
  take_samples();
  second_.next_block();
  fourth_.next_block();
}

// Each pass puts what belongs to a column `reach` columns further on, where its window is complete.
void ReferenceFilter::run_strip(const std::uint8_t* rows, std::ptrdiff_t stride, int from, int count) {
  const int block_rows = kernels_.block_rows, reach = across_.reach;
  for (int row = 0; row < block_rows; ++row)
    kernels_.luma_row(rows + row * stride + std::ptrdiff_t{std::min(from, width_)} * channels_, channels_,
                      std::max(0, width_ - from), count, rows_.at(std::ptrdiff_t{row} * kStrip));
  kernels_.box_along_rows(rows_.at(0), kStrip, from, count, first_.window(), across_.divisors_from(0),
                          block_.at(0));
  // What comes out beside the picture are parts of windows, and rounding left over; the third pass must find
  // zeros there.
  const int left = std::clamp(reach - from, 0, count), right = std::clamp(width_ + reach - from, 0, count);
  std::fill(block_.at(0), block_.at(std::ptrdiff_t{left} * block_rows), 0.0F);
  std::fill(block_.at(std::ptrdiff_t{right} * block_rows), block_.at(std::ptrdiff_t{count} * block_rows), 0.0F);
  second_.run(block_.at(0), from, count, rows_.at(0), kStrip);
  kernels_.sum_along_rows(rows_.at(0), kStrip, from, count, third_.window(), block_.at(0));
  for (; next_column_ < kSamples; ++next_column_) {
    const int at = sample_position(next_column_, width_) + 2 * reach - from;
    if (at >= count) break;
    const float by = across_.divisors_from(from + at - reach)->value;
    for (int row = 0; row < block_rows; ++row)
      *sampled_.at(next_column_ * block_rows + row) = *block_.at(std::ptrdiff_t{at} * block_rows + row) / by;
  }
}

void ReferenceFilter::take_samples() {
  const int block_rows = kernels_.block_rows;
  for (int row = 0; row < block_rows; ++row)  // the fourth pass, too, must find zeros beside the picture
    if (const int y = fourth_.row() + row; y < 0 || y >= height_)
      for (int k = 0; k < kSamples; ++k) *sampled_.at(k * block_rows + row) = 0.0F;
  fourth_.run(sampled_.at(0), 0, kSamples, blurred_.at(0), kSamples);
  for (; next_row_ < kSamples; ++next_row_) {
    const int at = sample_position(next_row_, height_) + down_.reach - fourth_.row();
    if (at >= block_rows) break;
    std::copy_n(blurred_.at(std::ptrdiff_t{kSamples} * at), kSamples, samples_.at[next_row_]);
  }
}

Samples ReferenceFilter::finish() {
  // Rows of zeros push the last rows out of the windows, in the second pass and then in the fourth.
  const std::vector<std::uint8_t> zeros(size(std::ptrdiff_t{width_} * channels_), 0);
  while (next_row_ < kSamples) push(zeros.data(), 0, kernels_.block_rows);
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
  y_ += count;
  if (streams_) return show_rows(rows, stride, count);
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{width_} * channels_;
  for (int y = y_ - count; y < y_; ++y, rows += stride)
    std::copy_n(rows, row_bytes, kept_.begin() + y * row_bytes);
}

Samples ReferenceSampler::finish() {
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{width_} * channels_;
  if (streams_) {
    const std::vector<std::uint8_t> black(size(row_bytes), 0);
    filter_.push(black.data(), 0, height_ - y_);
  } else if (orientation_.transposed) {
    for (int from = 0; from < width_; from += kBand) show_columns(from, std::min(from + kBand, width_));
  } else {
    show_rows(&kept_[size(row_bytes * (height_ - 1))], -row_bytes, height_);
  }
  return filter_.finish();
}

void ReferenceSampler::show_rows(const std::uint8_t* rows, std::ptrdiff_t stride, int count) {
  if (!orientation_.reversed_x) return filter_.push(rows, stride, count);
  for (int y = 0; y < count; ++y, rows += stride) {
    const std::uint8_t* from = rows + std::ptrdiff_t{width_} * channels_;
    for (std::uint8_t* to = shown_.data(); from != rows; to += channels_) copy_pixel(from -= channels_, to);
    filter_.push(shown_.data(), 0, 1);
  }
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
  filter_.push(shown_.data(), shown_bytes, to - from);
}

void ReferenceSampler::copy_pixel(const std::uint8_t* from, std::uint8_t* to) const {
  to[0] = from[0];
  if (channels_ == 1) return;
  to[1] = from[1];
  to[2] = from[2];
}

}  // namespace safelight::pdq
