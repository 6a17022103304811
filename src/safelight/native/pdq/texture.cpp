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

Texture::Texture(int width, int height, int channels) : width_(width), height_(height), channels_(channels) {
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
  if (above_at_ >= 0)
    for (std::size_t k = 0; k < kSamples; ++k) {
      Place& place = places_[static_cast<std::size_t>(above_at_) / kPlaces][k / kPlaces];
      const auto [low, high] = std::minmax({above_[k][0], above_[k][1], above_[k][2], here[k][0], here[k][1], here[k][2]});
      place.darkest = std::min(place.darkest, low);
      place.brightest = std::max(place.brightest, high);
      for (std::size_t i = 0; i + 1 < kRun; ++i) {
        const int mixed = above_[k][i] - above_[k][i + 1] - here[k][i] + here[k][i + 1];
        ++place.seen[static_cast<std::size_t>(std::min(std::abs(mixed), kSizes - 1))];
      }
    }
  above_ = here;
  above_at_ = wanted ? next_ : -1;
}

double Texture::repetitive() const {
  const auto& weighed = times_own_logarithm();
  int repetitive = 0, all = 0;
  for (const auto& row : places_)
    for (const Place& place : row) {
      if (place.darkest >= place.brightest) continue;  // flat, or not seen
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
