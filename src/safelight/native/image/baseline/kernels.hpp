// The inner loops for processors with AVX2 and BMI2: blocks of coefficients, their transform, and colour.
//
// Each computes what libjpeg-turbo's kernel for the same step does, to the last bit, overflows included.
#pragma once

#include <cstddef>
#include <cstdint>

#include "image/baseline/huffman.hpp"

namespace safelight::image::baseline {

// Whether this build has them and this machine runs them.
bool kernels_usable();

// Blocks lie in pairs: row by row eight coefficients of one, eight of the other. Behind them is a row for what
// belongs nowhere.
constexpr int kStripe = 2 * 8;  // from a row to the next
constexpr int kPair = 9 * kStripe;

// A position in entropy-coded data: the bits not read yet, highest first, and where the next ones are.
struct Bits {
  std::uint64_t waiting = 0;
  int count = 0;  // of those waiting
  const std::uint8_t* next = nullptr;
};

// A block to read: its tables, the last DC value of its component, the zeros that it is read into, and how far
// in zigzag order (0-63) it or the other of its pair goes.
struct Block {
  const HuffmanTable *dc, *ac;
  int* predicted;
  std::int16_t* coefficients;
  int* last;
};

// False where the data is not what an encoder writes. Reads up to 256 bytes a block, and eight more, beyond
// `bits.next`.
bool read_blocks(Bits& bits, const Block* blocks, int count);

// Dequantises and transforms a pair, leaves zeros in its place, and writes 16 samples into each of eight rows.
// `last` is how far either block goes. False where a value is so large that libjpeg-turbo's answer depends on
// which coefficients are zero.
bool transform_pair(std::int16_t* coefficients, const std::int16_t* steps, int last, std::uint8_t* samples,
                    std::ptrdiff_t stride);

// Smooth ("fancy") upsampling. The sums of a chroma row are 3 * near + far in between rows, or the row itself
// where rows are not upsampled; `sums` has room for one more on either side and whole vectors.
void sum_rows(const std::uint8_t* near, const std::uint8_t* far, int width, std::int16_t* sums);
void copy_row(const std::uint8_t* row, int width, std::int16_t* sums);

// RGB of a row, for whole vectors of kPixels pixels. Chroma as sums of both directions, of columns alone, or
// at full size.
constexpr int kPixels = 32;
void colour_h2v2(const std::uint8_t* luma, const std::int16_t* cb, const std::int16_t* cr, int width,
                 std::uint8_t* rgb);
void colour_h2v1(const std::uint8_t* luma, const std::int16_t* cb, const std::int16_t* cr, int width,
                 std::uint8_t* rgb);
void colour_h1v1(const std::uint8_t* luma, const std::uint8_t* cb, const std::uint8_t* cr, int width,
                 std::uint8_t* rgb);

}  // namespace safelight::image::baseline
