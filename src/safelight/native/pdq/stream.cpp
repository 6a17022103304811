#include <algorithm>
#include <optional>
#include <utility>

#include "conclude.hpp"
#include "fast.hpp"
#include "kernels.hpp"
#include "orientation.hpp"
#include "pdq.hpp"
#include "reference.hpp"

namespace safelight::pdq {
namespace {

constexpr double kGrain = 1.5;  // bits of texture below which the bound on rounding is not relied on

// The reference takes 64 x 64 pixels as they are (`pdqFloat256FromFloatLuma`), as frames scaled by a video
// decoder are. Its dihedral function lacks that case and blurs them; we follow the former for all variants, so
// that the first of the eight is always the picture's hash.
class DirectSampler final : public Sampler {
 public:
  DirectSampler(int channels, Orientation orientation) : channels_(channels), orientation_(orientation) {}

  void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) override {
    for (; count > 0; --count, ++y_, rows += stride) kernels().luma_row(rows, channels_, 64, stored_.at[y_]);
  }

  Samples finish() override {
    Samples shown;
    for (int y = 0; y < 64; ++y)
      for (int x = 0; x < 64; ++x) {
        const int i = orientation_.reversed_y ? 63 - y : y, j = orientation_.reversed_x ? 63 - x : x;
        (orientation_.transposed ? shown.at[j][i] : shown.at[i][j]) = stored_.at[y][x];
      }
    return shown;
  }

 private:
  int channels_;
  Orientation orientation_;
  int y_ = 0;
  Samples stored_;
};

}  // namespace

struct Stream::State {
  State(int width, int height, int channels, Orientation orientation, Arithmetic arithmetic)
      : height_left(height) {
    if (width < kMinimumSide || height < kMinimumSide) return;
    if (width == 64 && height == 64) {
      sampler = std::make_unique<DirectSampler>(channels, orientation);
    } else if (arithmetic == Arithmetic::kReference) {
      sampler = std::make_unique<ReferenceSampler>(width, height, channels, orientation);
    } else {
      auto made = std::make_unique<FastSampler>(width, height, channels, orientation);
      fast = made.get();
      sampler = std::move(made);
      rounding = orientation.transposed ? Rounding(height, width) : Rounding(width, height);
    }
  }

  int height_left;
  std::optional<Rounding> rounding;  // none where the samples are the reference's own
  const FastSampler* fast = nullptr;
  std::unique_ptr<Sampler> sampler;  // none for pictures too small to hash
};

Stream::Stream(int width, int height, int channels, int orientation, Arithmetic arithmetic)
    : state_(std::make_unique<State>(width, height, channels, Orientation(orientation), arithmetic)) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

void Stream::push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) {
  count = std::min(count, state_->height_left);
  state_->height_left -= count;
  if (state_->sampler) state_->sampler->push(rows, stride, count);
}

Result Stream::finish() {
  if (!state_->sampler) return {};
  Result result = conclude(state_->sampler->finish(), state_->rounding ? &*state_->rounding : nullptr);
  if (state_->fast != nullptr && state_->fast->texture_bits() < kGrain) result.certain = false;
  return result;
}

Result hash(const std::uint8_t* pixels, int width, int height, std::ptrdiff_t stride, int channels,
            int orientation) {
  for (Arithmetic arithmetic : {Arithmetic::kFast, Arithmetic::kReference}) {
    Stream stream(width, height, channels, orientation, arithmetic);
    stream.push(pixels, stride, height);
    const Result result = stream.finish();
    if (result.certain) return result;
  }
  return {};
}

}  // namespace safelight::pdq
