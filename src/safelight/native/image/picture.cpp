// Compositing rounds as Pillow's alpha_composite onto an opaque background does.
#include "image/picture.hpp"

namespace safelight::image {

namespace {

// Pillow's AlphaComposite.c over an opaque background: division by 255 with 7 more bits, rounded.
std::uint8_t divided(std::uint32_t value) {
  value += 128;
  return static_cast<std::uint8_t>((value * 128 + (value >> 1)) >> 15);
}

bool all_opaque(const std::uint8_t* row, std::uint32_t width) {
  std::uint8_t both = 255;
  for (std::uint32_t x = 0; x < width; ++x) both &= row[4 * x + 3];
  return both == 255;
}

}  // namespace

Picture::Picture(const Header& header, pdq::Arithmetic arithmetic)
    : header_(header), arithmetic_(arithmetic), alpha_(header.channels == 4), over_white_(stream()) {
  if (!alpha_) return;
  over_black_.emplace(stream());
  white_row_.resize(std::size_t{header.width} * 3);
  black_row_.resize(std::size_t{header.width} * 3);
}

pdq::Stream Picture::stream() const {
  return {static_cast<int>(header_.width), static_cast<int>(header_.height), alpha_ ? 3 : header_.channels,
          header_.orientation, arithmetic_};
}

void Picture::start_over() {
  over_white_ = stream();
  if (alpha_) over_black_.emplace(stream());
  any_rows_ = false;
  opaque_ = true;
}

void Picture::push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) {
  if (count == 0) return;
  any_rows_ = true;
  if (!alpha_) return over_white_.push(rows, stride, count);
  for (int i = 0; i < count; ++i) lay(rows + i * stride);
}

void Picture::lay(const std::uint8_t* row) {
  if (all_opaque(row, header_.width)) {
    for (std::uint32_t x = 0; x < header_.width; ++x) {
      for (std::uint32_t c = 0; c < 3; ++c) white_row_[3 * x + c] = row[4 * x + c];
    }
    over_white_.push(white_row_.data(), 0, 1);
    over_black_->push(white_row_.data(), 0, 1);
    return;
  }
  opaque_ = false;
  for (std::uint32_t x = 0; x < header_.width; ++x) {
    const std::uint32_t alpha = row[4 * x + 3];
    for (std::uint32_t c = 0; c < 3; ++c) {
      const std::uint32_t value = row[4 * x + c] * alpha;
      white_row_[3 * x + c] = divided(value + 255 * (255 - alpha));
      black_row_[3 * x + c] = divided(value);
    }
  }
  over_white_.push(white_row_.data(), 0, 1);
  over_black_->push(black_row_.data(), 0, 1);
}

std::vector<Hashed> Picture::finish() {
  std::vector<Hashed> hashed;
  hashed.push_back({opaque_ ? nullptr : "white", over_white_.finish()});
  if (!opaque_) hashed.push_back({"black", over_black_->finish()});
  return hashed;
}

}  // namespace safelight::image
