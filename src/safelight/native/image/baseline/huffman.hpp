// Huffman tables in the form in which they are read fastest: one look-up says all lengths of a symbol.
#pragma once

#include <cstdint>

namespace safelight::image::baseline {

enum class Coefficients { kDc, kAc };

// A symbol is a code, and behind it `size` bits of a value. As ITU-T T.81 F.2.2 reads them:
// bits 0-7: length of both; 8-15: length of the code; 16-23: 63 - size; 24-31: how far the zigzag index moves.
using Symbol = std::uint32_t;

constexpr int kDone = 128;                     // how far the index moves at the end of a block
constexpr int kNowhere = 255;                  // and where no code was: neither is reached in any other way
constexpr Symbol kNone = Symbol{kNowhere} << 24 | 63U << 16;

class HuffmanTable {
 public:
  static constexpr int kQuick = 10;    // bits looked up at once; longer codes are rare

  // From DHT's counts of codes by length (1-16, at their index) and the symbols in the order of their codes.
  // False for what baseline data cannot have.
  bool build(Coefficients, const std::uint8_t* counts, const std::uint8_t* values);

  // The symbol that the highest of 64 bits begin with; kNone where there is none.
  Symbol at(std::uint64_t bits) const {
    const Symbol symbol = quick_[bits >> (64 - kQuick)];
    return __builtin_expect(symbol != 0, 1) ? symbol : longer(bits);
  }

 private:
  Symbol longer(std::uint64_t bits) const;

  static constexpr int kSymbols = 256;
  static constexpr int kLongestCode = 16;

  Symbol quick_[1 << kQuick];
  Symbol symbols_[kSymbols];             // in the order of their codes
  std::uint32_t end_[kLongestCode + 1];  // by length: the first 16 bits above its last code
  int first_[kLongestCode + 1];          // by length: index of a symbol less its code
};

}  // namespace safelight::image::baseline
