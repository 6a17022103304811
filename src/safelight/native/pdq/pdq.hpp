// PDQ, bit for bit the hash of the reference implementation, from rows of pixels as they are decoded.
//
// The reference blurs the whole picture twice and then keeps 64 x 64 samples. The blur is linear, so the fast
// arithmetic evaluates it only at those samples. Its float rounding differs from the reference's in the last
// places; where that could decide a bit `Result::certain` is false. That judgement rests on how rounding
// errors spread in pictures that were tried (rounding.hpp); `Arithmetic::kReference` rests on nothing: it
// repeats the reference's operations in their order, for three times the work of the fast one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace safelight::pdq {

constexpr int kHashBytes = 32;
constexpr int kVariants = 8;      // in the order of safelight.types.Transform
constexpr int kMinimumSide = 5;   // the reference hashes nothing smaller
constexpr int kMinimumQuality = 50;

using Hash = std::array<std::uint8_t, kHashBytes>;  // big-endian: byte 0 is the first two hexadecimal digits

struct Result {
  std::array<Hash, kVariants> hashes{};
  int quality = 0;       // 0-100; 0 with hashes of zeros when a side is below kMinimumSide
  bool certain = true;   // false: rounding may have decided a bit or the quality; use kReference
};

// Memory: kFast a few rows. kReference a few dozen rows for orientations 1 and 2, else the pixels as pushed.
enum class Arithmetic { kFast, kReference };

// One picture, pushed top to bottom in the order in which it is stored. `orientation` is the EXIF value 1-8;
// width and height are those stored, before orientation. Channels: 1 (grey) or 3 (RGB), 8 bits each.
class Stream {
 public:
  Stream(int width, int height, int channels, int orientation = 1, Arithmetic arithmetic = Arithmetic::kFast);
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count);
  Result finish();  // after `height` rows; missing rows (a truncated file) count as black

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A whole picture in memory: fast, and again by the reference's arithmetic where that was not certain.
Result hash(const std::uint8_t* pixels, int width, int height, std::ptrdiff_t stride, int channels,
            int orientation = 1);

}  // namespace safelight::pdq
