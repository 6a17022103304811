// The reference's two box passes along one axis as weights, and only for the 64 positions that it keeps.
#pragma once

#include <cstddef>
#include <vector>

namespace safelight::pdq {

constexpr int kSamples = 64;

// The reference's window: half a sample's spacing, rounded up (`computeJaroszFilterWindowSize`).
inline int window_size(int length) { return (length + 2 * kSamples - 1) / (2 * kSamples); }

// How far a window reaches beyond its centre; for even windows one further than before it.
inline int window_reach(int length) { return (window_size(length) + 2) / 2 - 1; }

// The position that sample `index` is taken from (`decimateFloat`: centres, not corners).
inline int sample_position(int index, int length) { return static_cast<int>((index + 0.5) * length / kSamples); }

struct Tap {
  int sample;           // 0-63, in the order of the displayed picture
  int begin, end;       // the stored positions that it covers
  std::size_t weights;  // where its weights start; rounded up to kTapBlock of them, the rest are zero
};

constexpr int kTapBlock = 16;

// Taps in the order of their stored positions. The windows are not symmetric, so an axis that is shown
// reversed has its taps computed as shown and then mirrored.
struct Axis {
  Axis(int length, bool reversed, double scale);

  std::vector<Tap> taps;
  std::vector<float> weights;  // multiplied by `scale`
};

}  // namespace safelight::pdq
