#include "image/baseline/huffman.hpp"

#include <algorithm>

namespace safelight::image::baseline {

namespace {

constexpr int kMostDcBits = 11, kMostAcBits = 10;  // T.81 tables F.1 and F.2, for samples of 8 bits
constexpr int kZeros = 15;

Symbol symbol_of(Coefficients kind, int value, int length) {
  const int size = kind == Coefficients::kDc ? value : value & 15;
  const int run = kind == Coefficients::kDc ? 0 : value >> 4;
  const bool ends = kind == Coefficients::kAc && size == 0 && run != kZeros;
  const int moves = kind == Coefficients::kDc ? 0 : ends ? static_cast<int>(kDone) : run + 1;
  return static_cast<Symbol>(length + size) | static_cast<Symbol>(length) << 8 |
         static_cast<Symbol>(63 - size) << 16 | static_cast<Symbol>(moves) << 24;
}

}  // namespace

bool HuffmanTable::build(Coefficients kind, const std::uint8_t* counts, const std::uint8_t* values) {
  std::fill_n(quick_, 1 << kQuick, Symbol{0});
  const int most_bits = kind == Coefficients::kDc ? kMostDcBits : kMostAcBits;
  int index = 0;
  int code = 0;
  for (int length = 1; length <= kLongestCode; ++length) {
    const int count = counts[length];
    // No code is all ones (T.81 C.2).
    if (count > 0 && (code + count >= 1 << length || index + count > kSymbols)) return false;
    first_[length] = index - code;
    for (int i = 0; i < count; ++i, ++index, ++code) {
      const int value = values[index];
      if ((kind == Coefficients::kDc ? value : value & 15) > most_bits) return false;
      symbols_[index] = symbol_of(kind, value, length);
      if (length > kQuick) continue;
      const int share = 1 << (kQuick - length);
      std::fill_n(quick_ + code * share, share, symbols_[index]);
    }
    end_[length] = static_cast<std::uint32_t>(code) << (kLongestCode - length);
    code <<= 1;
  }
  if (kind == Coefficients::kAc) build_pairs();
  return true;
}

void HuffmanTable::build_pairs() {
  constexpr unsigned kAll = (1U << kQuick) - 1;
  const auto single = [this](std::uint64_t index) -> Pair {
    const Symbol symbol = quick_[index];
    const Symbol length = symbol & 0xff;
    if (symbol == 0 || length > kQuick) return 0;
    const auto value = static_cast<std::uint16_t>(value_of(index << (64 - kQuick), symbol));
    return length | symbol >> 24 << 8 | Pair{value} << 32 | Pair{value} << 48;
  };
  Pair singles[1 << kQuick];
  for (std::uint64_t index = 0; index <= kAll; ++index) singles[index] = single(index);
  for (std::uint64_t index = 0; index <= kAll; ++index) {
    const Pair first = singles[index];
    const Pair second = singles[index << (first & 63) & kAll];
    const bool ends = (first >> 8 & 0xff) >= kDone;
    const Pair length = (first & 0xff) + (second & 0xff);
    if (first == 0 || second == 0 || ends || length > kQuick)
      pairs_[index] = first;
    else
      pairs_[index] = length | (first & 0xff00) | (second & 0xff00) << 8 | (second & 0xff) << 24 |
                      (first >> 32 & 0xffff) << 32 | second >> 48 << 48;
  }
}

Symbol HuffmanTable::longer(std::uint64_t bits) const {
  const auto next = static_cast<std::uint32_t>(bits >> (64 - kLongestCode));
  for (int length = kQuick + 1; length <= kLongestCode; ++length) {
    if (next >= end_[length]) continue;
    return symbols_[first_[length] + static_cast<int>(next >> (kLongestCode - length))];
  }
  return kNone;
}

}  // namespace safelight::image::baseline
