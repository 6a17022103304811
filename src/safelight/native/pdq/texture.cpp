#include "texture.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace safelight::pdq {

Texture::Texture(int width, int height, int channels) : width_(width), height_(height), channels_(channels) {}

void Texture::see(const std::uint8_t* row, int y) {
  while (next_ < kSamples && sample_position(next_, height_) < y) ++next_;
  const bool wanted = next_ < kSamples && sample_position(next_, height_) == y;
  if (!wanted && !above_seen_) return;

  Row here;
  for (std::size_t k = 0; k < kSamples; ++k) {
    const int x = std::min(sample_position(static_cast<int>(k), width_), width_ - kRun);
    for (int i = 0; i < kRun; ++i)
      here[k][static_cast<std::size_t>(i)] = row[(x + i) * channels_ + channels_ / 2];  // green of three
  }
  if (above_seen_)
    for (std::size_t k = 0; k < kSamples; ++k)
      for (std::size_t i = 0; i + 1 < kRun; ++i) {
        const int mixed = above_[k][i] - above_[k][i + 1] - here[k][i] + here[k][i + 1];
        ++seen_[std::min<std::size_t>(static_cast<std::size_t>(std::abs(mixed)), seen_.size() - 1)];
      }
  above_ = here;
  above_seen_ = wanted;
}

double Texture::bits() const {
  double total = 0, bits = 0;
  for (const std::uint32_t count : seen_) total += count;
  for (const std::uint32_t count : seen_)
    if (count > 0) bits -= count / total * std::log2(count / total);
  return bits;
}

}  // namespace safelight::pdq
