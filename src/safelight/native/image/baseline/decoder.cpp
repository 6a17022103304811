#include "image/baseline/decoder.hpp"

#include <algorithm>

#include "image/baseline/kernels.hpp"

namespace safelight::image::baseline {

namespace {

constexpr std::int64_t kSmall = 4'000'000;  // pixels; below, what is kept fits into the caches of most machines
constexpr int kRowsAtOnce = 16;

constexpr int whole(int count, int unit) { return (count + unit - 1) / unit * unit; }

}  // namespace

struct Decoder::Input {
  Input(const File& file, std::uint64_t offset) : entropy(file, offset) { begin(); }

  void begin() {
    bits = {};
    bytes = entropy.more(nullptr);
    bits.next = bytes.begin;
  }

  // Enough for another MCU, or what there is.
  void top_up() {
    if (bytes.end - bits.next >= static_cast<std::ptrdiff_t>(Entropy::kMargin) || entropy.interval_ended()) return;
    bytes = entropy.more(bits.next);
    bits.next = bytes.begin;
  }

  std::ptrdiff_t bits_left() const { return (bytes.end - bits.next) * 8 + bits.count; }

  bool restart() {
    if (!entropy.interval_ended() || bits_left() >= 8 || !entropy.restart(restarts++ % 8)) return false;
    begin();
    return true;
  }

  Entropy entropy;
  Entropy::Bytes bytes{};
  Bits bits;
  int mcus = 0, restarts = 0;
};

Decoder::Decoder(const Frame& frame)
    : frame_(frame), keeps_all_(std::int64_t{frame.width} * frame.height <= kSmall) {
  for (int c = 0; c < frame.count; ++c) {
    const Component& component = frame.components[c];
    Plane& plane = planes_[c];
    // Kernels read and write whole vectors.
    plane.stride = whole(frame.mcus_across() * component.across * kSide, kPixels) + kPixels;
    plane.kept_rows = (keeps_all_ ? frame.mcus_down() : 2) * component.down * kSide;
    plane.samples.reset(new std::uint8_t[static_cast<std::size_t>(plane.stride * plane.kept_rows)]);
  }
  list_blocks();
  if (frame.count == 1) return;
  for (auto& sums : sums_) sums.resize(static_cast<std::size_t>(planes_[1].stride) + 2 * kPixels);
  rgb_.resize(static_cast<std::size_t>(3 * whole(frame.width, kPixels)) * kRowsAtOnce);
}

bool Decoder::decode(const File& file, Sink& sink) {
  Input input(file, frame_.data_at);
  const int across = frame_.mcus_across(), down = frame_.mcus_down();
  const int mcu_height = kSide * frame_.components[0].down;
  for (int row = 0; row < down; ++row) {
    for (int first = 0; first < across; first += kStrip) {
      const int count = std::min(kStrip, across - first);
      if (!read_strip(input, count) || !transform_strip(row, first, count)) return false;
    }
    // The last row of an MCU's chroma is upsampled with the one below it.
    const int below = frame_.components[0].down - 1;
    show(row + 1 == down ? frame_.height : (row + 1) * mcu_height - below, sink);
  }
  return true;
}

bool Decoder::repeat(Sink& sink) {
  if (!keeps_all_) return false;
  shown_ = 0;
  show(frame_.height, sink);
  return true;
}

// In the order in which a strip's blocks are coded.
void Decoder::list_blocks() {
  for (int mcu = 0; mcu < kStrip; ++mcu)
    for (int c = 0; c < frame_.count; ++c) {
      const Component& component = frame_.components[c];
      Strip& strip = strips_[c];
      for (int y = 0; y < component.down; ++y)
        for (int x = mcu * component.across; x < (mcu + 1) * component.across; ++x)
          blocks_.push_back({&frame_.dc[component.dc_table], &frame_.ac[component.ac_table], &predicted_[c],
                             strip.pairs[y][x / 2] + x % 2 * kSide, &strip.last[y][x / 2]});
    }
}

bool Decoder::read_strip(Input& input, int count) {
  const int blocks = static_cast<int>(blocks_.size()) / kStrip;
  for (int mcu = 0; mcu < count; ++mcu) {
    if (input.mcus > 0 && frame_.restart_interval > 0 && input.mcus % frame_.restart_interval == 0) {
      if (!input.restart()) return false;
      std::fill(std::begin(predicted_), std::end(predicted_), 0);
    }
    ++input.mcus;
    input.top_up();
    if (!read_blocks(input.bits, &blocks_[static_cast<std::size_t>(mcu * blocks)], blocks)) return false;
    if (input.bits_left() < 0) return false;
  }
  return true;
}

bool Decoder::transform_strip(int row, int first, int count) {
  for (int c = 0; c < frame_.count; ++c) {
    const Component& component = frame_.components[c];
    const Plane& plane = planes_[c];
    Strip& strip = strips_[c];
    for (int y = 0; y < component.down; ++y) {
      std::uint8_t* samples = plane.row((row * component.down + y) * kSide) + first * component.across * kSide;
      for (int pair = 0; pair < (count * component.across + 1) / 2; ++pair, samples += 2 * kSide) {
        if (!transform_pair(strip.pairs[y][pair], component.steps, strip.last[y][pair], samples, plane.stride))
          return false;
        strip.last[y][pair] = 0;
      }
    }
  }
  return true;
}

void Decoder::show(int end, Sink& sink) {
  const std::ptrdiff_t stride = 3 * whole(frame_.width, kPixels);
  end = std::min(end, frame_.height);
  while (shown_ < end) {
    if (frame_.count == 1) {
      sink.push(planes_[0].row(shown_++), 0, 1);
      continue;
    }
    const int count = std::min(end - shown_, kRowsAtOnce);
    for (int i = 0; i < count; ++i) colour_row(shown_ + i, rgb_.data() + i * stride);
    sink.push(rgb_.data(), stride, count);
    shown_ += count;
  }
}

void Decoder::colour_row(int y, std::uint8_t* rgb) {
  const Component& luma = frame_.components[0];
  const std::uint8_t* const samples = planes_[0].row(y);
  if (luma.across == 1) return colour_h1v1(samples, planes_[1].row(y), planes_[2].row(y), frame_.width, rgb);

  const int width = (frame_.width + 1) / 2, near = y / luma.down;
  std::int16_t* sums[2];
  for (int c = 0; c < 2; ++c) {
    const Plane& plane = planes_[c + 1];
    sums[c] = sums_[c].data() + kPixels;
    if (luma.down == 1) {
      copy_row(plane.row(near), width, sums[c]);
    } else {
      const int far = std::clamp(near + (y % 2 == 0 ? -1 : 1), 0, (frame_.height + 1) / 2 - 1);
      sum_rows(plane.row(near), plane.row(far), width, sums[c]);
    }
  }
  (luma.down == 1 ? colour_h2v1 : colour_h2v2)(samples, sums[0], sums[1], frame_.width, rgb);
}

}  // namespace safelight::image::baseline
