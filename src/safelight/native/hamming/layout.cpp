// Expands a layout key: ChaCha20 keystream under one label a purpose, Fisher-Yates for the permutation.
#include "layout.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string>

namespace safelight::hamming {
namespace {

// Twelve ASCII characters each: the nonce of RFC 8439. Changing one changes every index file.
constexpr char kPermutationLabel[] = "sl-permute-1";
constexpr char kMaskLabel[] = "sl-bit-mask1";
constexpr char kCheckLabel[] = "sl-keycheck1";
constexpr char kTagLabel[] = "sl-exacttag1";

ChaChaBlock labelled(const Key& key, const char (&label)[13], std::uint32_t counter) {
  ChaChaInput input;
  std::memcpy(input.data(), &counter, 4);
  std::memcpy(input.data() + 4, label, 12);
  return chacha20_block(key, input);
}

class Draws {
 public:
  explicit Draws(const Key& key) : key_(key) {}

  // Uniform in [0, bound); draws that would favour small results are thrown away.
  std::uint32_t below(std::uint32_t bound) {
    const std::uint64_t even = (std::uint64_t{1} << 32) / bound * bound;
    for (;;) {
      const std::uint32_t draw = next();
      if (draw < even) return draw % bound;
    }
  }

 private:
  std::uint32_t next() {
    if (used_ == block_.size()) {
      block_ = labelled(key_, kPermutationLabel, counter_++);
      used_ = 0;
    }
    std::uint32_t draw;
    std::memcpy(&draw, block_.data() + used_, 4);
    used_ += 4;
    return draw;
  }

  const Key& key_;
  ChaChaBlock block_{};
  std::size_t used_ = sizeof(ChaChaBlock);
  std::uint32_t counter_ = 0;
};

KeyCheck check_of(const Key& key, std::uint32_t kind) {
  const ChaChaBlock block = labelled(key, kCheckLabel, kind);
  KeyCheck check;
  std::copy_n(block.begin(), check.size(), check.begin());
  return check;
}

}  // namespace

Layout::Layout(const Key& key) : check_(check_of(key, 0)) {
  std::array<std::uint8_t, kBits> target;
  std::iota(target.begin(), target.end(), std::uint8_t{0});
  Draws draws(key);
  for (std::uint32_t i = kBits - 1; i > 0; --i) std::swap(target[i], target[draws.below(i + 1)]);

  for (unsigned half = 0; half < 64; ++half) {
    for (unsigned value = 0; value < 16; ++value) {
      for (unsigned bit = 0; bit < 4; ++bit) {
        if ((value >> bit & 1) == 0) continue;
        const unsigned to = target[4 * half + bit];
        table_[half][value].words[to / 64] |= std::uint64_t{1} << (to % 64);
      }
    }
  }
  const ChaChaBlock mask = labelled(key, kMaskLabel, 0);
  std::memcpy(mask_.words, mask.data(), sizeof mask_.words);
}

TagLayout::TagLayout(const Key& key, std::size_t width) : width_(width) {
  if (width == 0 || width > kMaxValueBytes) {
    throw std::invalid_argument("exact values are 1 to 32 bytes wide, not " + std::to_string(width));
  }
  const auto kind = static_cast<std::uint32_t>(width);
  check_ = check_of(key, kind);
  const ChaChaBlock block = labelled(key, kTagLabel, kind);
  std::copy_n(block.begin(), key_.size(), key_.begin());
}

// A cascade: the first half of the value picks the key under which the second half is turned into the tag.
Tag TagLayout::apply(const std::uint8_t* bytes) const {
  std::uint8_t padded[kMaxValueBytes] = {};
  std::memcpy(padded, bytes, width_);
  ChaChaInput half;
  std::copy_n(padded, 16, half.begin());
  const ChaChaBlock first = chacha20_block(key_, half);
  Key inner;
  std::copy_n(first.begin(), inner.size(), inner.begin());
  std::copy_n(padded + 16, 16, half.begin());
  const ChaChaBlock second = chacha20_block(inner, half);
  Tag tag;
  std::memcpy(tag.words, second.data(), sizeof tag.words);
  return tag;
}

}  // namespace safelight::hamming
