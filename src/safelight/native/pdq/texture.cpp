#include "texture.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace safelight::pdq {
namespace {

constexpr double kUnpredictable = 1.0;  // bits of entropy; photographs have 2 to 6, patterns and ramps below 1
constexpr int kMost = 128;              // differences seen in one place

const std::array<double, kMost + 1>& times_own_logarithm() {
  static const std::array<double, kMost + 1> made = [] {
    std::array<double, kMost + 1> table{};
    for (int n = 1; n <= kMost; ++n) table[static_cast<std::size_t>(n)] = n * std::log2(n);
    return table;
  }();
  return made;
}

}  // namespace

Texture::Texture(int width, int height, int channels) : height_(height), channels_(channels) {
  for (int k = 0; k < kSamples; ++k)  // the green of three channels
    columns_[static_cast<std::size_t>(k)] =
        std::min(sample_position(k, width), width - kRun) * channels + channels / 2;
}

void Texture::see(const std::uint8_t* row, int y) {
  while (next_ < kSamples && sample_position(next_, height_) < y) ++next_;
  const bool wanted = next_ < kSamples && sample_position(next_, height_) == y;
  if (!wanted && above_at_ < 0) return;

  Row here;
  for (std::size_t k = 0; k < kSamples; ++k)
    for (std::size_t i = 0; i < kRun; ++i) here[k][i] = row[columns_[k] + static_cast<int>(i) * channels_];
  if (above_at_ >= 0) compare(here, places_[static_cast<std::size_t>(above_at_) / kPlaces]);
  above_ = here;
  above_at_ = wanted ? next_ : -1;
}

void Texture::compare(const Row& here, std::array<Place, kPlaces>& places) {
  for (std::size_t k = 0; k < kSamples; ++k) {
    Place& place = places[k / kPlaces];
    const auto& a = above_[k];
    const auto& b = here[k];
    if (!place.begun) {
      place.first = a[0];
      place.begun = true;
    }
    const int f = place.first;
    if (((a[0] ^ f) | (a[1] ^ f) | (a[2] ^ f) | (b[0] ^ f) | (b[1] ^ f) | (b[2] ^ f)) != 0) place.flat = false;
    ++place.seen[static_cast<std::size_t>(std::min(std::abs(a[0] - a[1] - b[0] + b[1]), kSizes - 1))];
    ++place.seen[static_cast<std::size_t>(std::min(std::abs(a[1] - a[2] - b[1] + b[2]), kSizes - 1))];
  }
}

double Texture::repetitive() const {
  const auto& weighed = times_own_logarithm();
  int repetitive = 0, all = 0;
  for (const auto& row : places_)
    for (const Place& place : row) {
      if (place.flat) continue;  // or not seen
      int total = 0;
      double sum = 0;
      for (const std::uint8_t count : place.seen) {
        total += count;
        sum += weighed[count];
      }
      ++all;
      if (weighed[static_cast<std::size_t>(total)] - sum < kUnpredictable * total) ++repetitive;
    }
  return all > 0 ? static_cast<double>(repetitive) / all : 1.0;
}

}  // namespace safelight::pdq
