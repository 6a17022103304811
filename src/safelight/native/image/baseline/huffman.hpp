// Huffman tables in the form in which they are read fastest: one look-up says all lengths of a symbol.
#pragma once

#include <cstdint>

namespace safelight::image::baseline {

enum class Coefficients { kDc, kAc };

// A symbol is a code, and behind it `size` bits of a value. As ITU-T T.81 F.2.2 reads them:
// bits 0-7: length of both; 8-15: length of the code; 16-23: 63 - size; 24-31: how far the zigzag index moves.
using Symbol = std::uint32_t;

constexpr unsigned kDone = 128;                    // how far the index moves at the end of a block
constexpr unsigned kNowhere = 255;                 // and where no code was: neither is reached in any other way
constexpr Symbol kNone = kNowhere << 24 | 63U << 16;

// One or two symbols with their values, as short ones are and most are; zero where the first is too long.
// bits 0-7: length of both; 8-15 and 16-23: how far the first and the second move the index; 24-31: length of
// the second; 32-47 and 48-63: their values. Of a single symbol the second moves nothing and says the same.
using Pair = std::uint64_t;

class HuffmanTable {
 public:
  static constexpr int kQuick = 10;  // bits looked up at once

  // From DHT's counts of codes by length (1-16, at their index) and the symbols in the order of their codes.
  // False for what baseline data cannot have.
  bool build(Coefficients, const std::uint8_t* counts, const std::uint8_t* values);

  // The symbol that the highest of 64 bits begin with; kNone where there is none.
  Symbol at(std::uint64_t bits) const {
    const Symbol symbol = quick_[bits >> (64 - kQuick)];
    return __builtin_expect(symbol != 0, 1) ? symbol : longer(bits);
  }

  // Of AC coefficients.
  Pair pair_at(std::uint64_t bits) const { return pairs_[bits >> (64 - kQuick)]; }

 private:
  static constexpr int kSymbols = 256;
  static constexpr int kLongestCode = 16;

  void build_pairs();
  Symbol longer(std::uint64_t bits) const;

  Symbol quick_[1 << kQuick];
  Pair pairs_[1 << kQuick];
  Symbol symbols_[kSymbols];             // in the order of their codes
  std::uint32_t end_[kLongestCode + 1];  // by length: the first 16 bits above its last code
  int first_[kLongestCode + 1];          // by length: index of a symbol less its code
};

// The value behind the code of `symbol`, which the bits begin with (T.81 F.2.2.1, EXTEND).
inline int value_of(std::uint64_t bits, Symbol symbol) {
  const std::uint64_t behind = bits << (symbol >> 8 & 63);
  const std::uint64_t negative = ~static_cast<std::uint64_t>(static_cast<std::int64_t>(behind) >> 63);
  const int drop = static_cast<int>(symbol >> 16 & 63);
  return static_cast<int>((behind >> 1) >> drop) - static_cast<int>((negative >> 1) >> drop);
}

}  // namespace safelight::image::baseline
