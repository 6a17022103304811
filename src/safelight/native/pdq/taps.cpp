#include "taps.hpp"

#include <algorithm>

namespace safelight::pdq {
namespace {

struct Window {
  int begin, end;
  int count() const { return end - begin; }
};

Window window_at(int position, int length) {
  const int after = window_reach(length), before = window_size(length) - 1 - after;
  return {std::max(0, position - before), std::min(length, position + after + 1)};
}

}  // namespace

Axis::Axis(int length, bool reversed, double scale) {
  std::vector<double> tent;
  for (int order = 0; order < kSamples; ++order) {
    const int sample = reversed ? kSamples - 1 - order : order;
    const Window outer = window_at(sample_position(sample, length), length);
    const int begin = window_at(outer.begin, length).begin, end = window_at(outer.end - 1, length).end;
    tent.assign(static_cast<std::size_t>(end - begin), 0.0);
    for (int middle = outer.begin; middle < outer.end; ++middle) {
      const Window inner = window_at(middle, length);
      const double share = scale / (static_cast<double>(outer.count()) * inner.count());
      for (int x = inner.begin; x < inner.end; ++x) tent[static_cast<std::size_t>(x - begin)] += share;
    }
    if (reversed) std::reverse(tent.begin(), tent.end());
    taps.push_back({sample, reversed ? length - end : begin, reversed ? length - begin : end, weights.size()});
    for (double weight : tent) weights.push_back(static_cast<float>(weight));
    weights.resize((weights.size() + kTapBlock - 1) / kTapBlock * kTapBlock, 0.0F);
  }
}

}  // namespace safelight::pdq
