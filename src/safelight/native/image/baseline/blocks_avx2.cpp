// Reading and transforming blocks. Nothing of the standard library is used here: its inline functions would be
// compiled for AVX2 and could be the ones that the linker keeps for all.
#include "image/baseline/kernels.hpp"

#include <immintrin.h>

namespace safelight::image::baseline {

namespace {

// -- reading

constexpr std::uint8_t kZigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};
constexpr unsigned kLast = 63;
constexpr int kMostDc = 0x7fff;

// Where a coefficient goes, by its zigzag index; whatever the index can become has a place.
struct Places {
  constexpr Places() : at() {
    for (unsigned k = 0; k < kLast + kNowhere + 1; ++k)
      at[k] = static_cast<std::uint8_t>(k <= kLast ? kZigzag[k] / 8 * kStripe + kZigzag[k] % 8 : 8 * kStripe);
  }
  std::uint8_t at[kLast + kNowhere + 1];
};
constexpr Places kPlaces;

inline std::uint64_t eight_bytes(const std::uint8_t* from) {
  std::uint64_t bytes;
  __builtin_memcpy(&bytes, from, sizeof bytes);
  return __builtin_bswap64(bytes);
}

// At least 56 bits: two symbols of AC (26 each), or one of DC (27).
inline void refill(Bits& bits) {
  bits.waiting |= eight_bytes(bits.next) >> bits.count;
  bits.next += (63 - bits.count) >> 3;
  bits.count |= 56;
}

inline void consume(Bits& bits, Symbol symbol) {
  bits.waiting <<= symbol & 63;
  bits.count -= static_cast<int>(symbol & 63);
}

// What has been read of a block.
struct Progress {
  unsigned k = 0;              // zigzag index of the last coefficient
  unsigned first = 0;          // and of the one before, where the last two were read as a pair
  std::uint64_t waiting = 0;   // the bits before the pair
  Pair pair = 0;
};

inline void put(std::int16_t* coefficients, unsigned k, std::uint64_t value) {
  coefficients[kPlaces.at[k]] = static_cast<std::int16_t>(value);
}

inline void read_ac(Bits& bits, const HuffmanTable& table, Progress& at, std::int16_t* coefficients) {
  const Pair pair = table.pair_at(bits.waiting);
  at.pair = pair;
  at.waiting = bits.waiting;
  if (__builtin_expect(pair != 0, 1)) {
    at.first = at.k + static_cast<unsigned>(pair >> 8 & 0xff);
    put(coefficients, at.first, pair >> 32);
    at.k = at.first + static_cast<unsigned>(pair >> 16 & 0xff);
    put(coefficients, at.k, pair >> 48);
    bits.waiting <<= pair & 63;
    bits.count -= static_cast<int>(pair & 63);
  } else {
    const Symbol symbol = table.at(bits.waiting);
    at.k = at.first = at.k + (symbol >> 24);
    put(coefficients, at.k, static_cast<std::uint64_t>(value_of(bits.waiting, symbol)));
    consume(bits, symbol);
  }
}

// Where the first of a pair was a block's last, the second is none of its.
inline void give_back(Bits& bits, Progress& at) {
  const int length = static_cast<int>(at.pair >> 24 & 63);
  bits.waiting = at.waiting << ((at.pair & 63) - static_cast<Pair>(length));
  bits.count += length;
  at.k = at.first;
}

// -- the transform: jidctint.c's, as libjpeg-turbo's jidctint-avx2.asm rounds, wraps and saturates it

constexpr int kConstBits = 13, kPass1Bits = 2;
constexpr short k0_298 = 2446, k0_390 = 3196, k0_541 = 4433, k0_765 = 6270, k0_899 = 7373, k1_175 = 9633,
                k1_501 = 12299, k1_847 = 15137, k1_961 = 16069, k2_053 = 16819, k2_562 = 20995, k3_072 = 25172;

// Sums of products with pairs of constants, in 32 bits.
struct Wide {
  __m256i low, high;
};

inline Wide zip(__m256i a, __m256i b) { return {_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)}; }

inline Wide times(Wide pairs, int first, int second) {
  const __m256i by = _mm256_set1_epi32((first & 0xffff) | second * 65536);
  return {_mm256_madd_epi16(pairs.low, by), _mm256_madd_epi16(pairs.high, by)};
}

inline Wide shifted(__m256i a) {  // a << kConstBits
  const Wide high = zip(_mm256_setzero_si256(), a);
  return {_mm256_srai_epi32(high.low, 16 - kConstBits), _mm256_srai_epi32(high.high, 16 - kConstBits)};
}

inline Wide operator+(Wide a, Wide b) { return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)}; }
inline Wide operator-(Wide a, Wide b) { return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)}; }

template <int kBits>
inline __m256i descale(Wide a) {
  return _mm256_packs_epi32(_mm256_srai_epi32(a.low, kBits), _mm256_srai_epi32(a.high, kBits));
}

// One dimension, of eight columns of each block at once.
template <int kBits>
inline void transform(__m256i* v) {
  const Wide even = zip(v[2], v[6]);
  const Wide tmp2 = times(even, k0_541, k0_541 - k1_847), tmp3 = times(even, k0_541 + k0_765, k0_541);
  const __m256i half = _mm256_set1_epi32(1 << (kBits - 1));
  const Wide rounding{half, half};
  const Wide tmp0 = shifted(_mm256_add_epi16(v[0], v[4])) + rounding;
  const Wide tmp1 = shifted(_mm256_sub_epi16(v[0], v[4])) + rounding;
  const Wide tmp10 = tmp0 + tmp3, tmp13 = tmp0 - tmp3, tmp11 = tmp1 + tmp2, tmp12 = tmp1 - tmp2;

  const Wide z34 = zip(_mm256_add_epi16(v[7], v[3]), _mm256_add_epi16(v[5], v[1]));
  const Wide z3 = times(z34, k1_175 - k1_961, k1_175), z4 = times(z34, k1_175, k1_175 - k0_390);
  const Wide in71 = zip(v[7], v[1]), in53 = zip(v[5], v[3]);
  const Wide odd0 = times(in71, k0_298 - k0_899, -k0_899) + z3;
  const Wide odd1 = times(in53, k2_053 - k2_562, -k2_562) + z4;
  const Wide odd2 = times(in53, -k2_562, k3_072 - k2_562) + z3;
  const Wide odd3 = times(in71, -k0_899, k1_501 - k0_899) + z4;

  v[0] = descale<kBits>(tmp10 + odd3);
  v[7] = descale<kBits>(tmp10 - odd3);
  v[1] = descale<kBits>(tmp11 + odd2);
  v[6] = descale<kBits>(tmp11 - odd2);
  v[2] = descale<kBits>(tmp12 + odd1);
  v[5] = descale<kBits>(tmp12 - odd1);
  v[3] = descale<kBits>(tmp13 + odd0);
  v[4] = descale<kBits>(tmp13 - odd0);
}

inline void transpose(__m256i* v) {
  const Wide a = zip(v[0], v[1]), b = zip(v[2], v[3]), c = zip(v[4], v[5]), d = zip(v[6], v[7]);
  const __m256i ab0 = _mm256_unpacklo_epi32(a.low, b.low), ab2 = _mm256_unpackhi_epi32(a.low, b.low);
  const __m256i ab4 = _mm256_unpacklo_epi32(a.high, b.high), ab6 = _mm256_unpackhi_epi32(a.high, b.high);
  const __m256i cd0 = _mm256_unpacklo_epi32(c.low, d.low), cd2 = _mm256_unpackhi_epi32(c.low, d.low);
  const __m256i cd4 = _mm256_unpacklo_epi32(c.high, d.high), cd6 = _mm256_unpackhi_epi32(c.high, d.high);
  v[0] = _mm256_unpacklo_epi64(ab0, cd0);
  v[1] = _mm256_unpackhi_epi64(ab0, cd0);
  v[2] = _mm256_unpacklo_epi64(ab2, cd2);
  v[3] = _mm256_unpackhi_epi64(ab2, cd2);
  v[4] = _mm256_unpacklo_epi64(ab4, cd4);
  v[5] = _mm256_unpackhi_epi64(ab4, cd4);
  v[6] = _mm256_unpacklo_epi64(ab6, cd6);
  v[7] = _mm256_unpackhi_epi64(ab6, cd6);
}

inline void store_two_rows(__m256i rows, std::uint8_t* samples, std::ptrdiff_t stride) {
  rows = _mm256_add_epi8(_mm256_permute4x64_epi64(rows, 0xd8), _mm256_set1_epi8(-128));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(samples), _mm256_castsi256_si128(rows));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(samples + stride), _mm256_extracti128_si256(rows, 1));
}

// Columns of 16 bits to rows of bytes.
inline void store(const __m256i* v, std::uint8_t* samples, std::ptrdiff_t stride) {
  const __m256i c04 = _mm256_packs_epi16(v[0], v[4]), c15 = _mm256_packs_epi16(v[1], v[5]);
  const __m256i c26 = _mm256_packs_epi16(v[2], v[6]), c37 = _mm256_packs_epi16(v[3], v[7]);
  const __m256i c01 = _mm256_unpacklo_epi8(c04, c15), c45 = _mm256_unpackhi_epi8(c04, c15);
  const __m256i c23 = _mm256_unpacklo_epi8(c26, c37), c67 = _mm256_unpackhi_epi8(c26, c37);
  const Wide left = zip(c01, c23), right = zip(c45, c67);
  store_two_rows(_mm256_unpacklo_epi32(left.low, right.low), samples, stride);
  store_two_rows(_mm256_unpackhi_epi32(left.low, right.low), samples + 2 * stride, stride);
  store_two_rows(_mm256_unpacklo_epi32(left.high, right.high), samples + 4 * stride, stride);
  store_two_rows(_mm256_unpackhi_epi32(left.high, right.high), samples + 6 * stride, stride);
}

inline __m256i* row(std::int16_t* coefficients, int y) {
  return reinterpret_cast<__m256i*>(coefficients + y * kStripe);
}

// libjpeg-turbo goes a shorter way where all rows but the first are zero; the ways meet for values that four
// times over fit into 16 bits.
inline bool moderate(__m256i first_row) {
  const __m256i back = _mm256_srai_epi16(_mm256_slli_epi16(first_row, kPass1Bits), kPass1Bits);
  return _mm256_movemask_epi8(_mm256_cmpeq_epi16(back, first_row)) == -1;
}

// Both blocks are flat.
inline void store_flat(__m256i first_row, std::uint8_t* samples, std::ptrdiff_t stride) {
  constexpr int kBits = 3;  // what is left of both passes, and of the scale of the transform
  __m256i flat = _mm256_srai_epi16(_mm256_add_epi16(first_row, _mm256_set1_epi16(1 << (kBits - 1))), kBits);
  flat = _mm256_packs_epi16(flat, flat);  // byte 0 of each half
  flat = _mm256_add_epi8(_mm256_shuffle_epi8(flat, _mm256_setzero_si256()), _mm256_set1_epi8(-128));
  const __m128i both = _mm_unpacklo_epi64(_mm256_castsi256_si128(flat), _mm256_extracti128_si256(flat, 1));
  for (int y = 0; y < 8; ++y) _mm_storeu_si128(reinterpret_cast<__m128i*>(samples + y * stride), both);
}

}  // namespace

bool read_blocks(Bits& from, const Block* block, int count) {
  Bits bits = from;
  for (const Block* const end = block + count; block != end; ++block) {
    refill(bits);
    const Symbol symbol = block->dc->at(bits.waiting);
    if (symbol >> 24 != 0) return false;
    const int dc = *block->predicted + value_of(bits.waiting, symbol);
    if (dc > kMostDc || dc < -kMostDc) return false;
    *block->predicted = dc;
    std::int16_t* const coefficients = block->coefficients;
    const HuffmanTable& table = *block->ac;
    coefficients[0] = static_cast<std::int16_t>(dc);
    consume(bits, symbol);
    Progress at;
    do {
      refill(bits);
      read_ac(bits, table, at, coefficients);
      if (at.k >= kLast) break;
      read_ac(bits, table, at, coefficients);
    } while (at.k < kLast);
    if (at.first == kLast && at.k != kLast) give_back(bits, at);
    if (at.k != kLast) {
      at.k -= kDone;
      if (at.k >= kLast) return false;
    }
    if (static_cast<int>(at.k) > *block->last) *block->last = static_cast<int>(at.k);
  }
  from = bits;
  return true;
}

bool transform_pair(std::int16_t* coefficients, const std::int16_t* steps, int last, std::uint8_t* samples,
                    std::ptrdiff_t stride) {
  const auto* const by = reinterpret_cast<const __m256i*>(steps);
  __m256i v[8];
  v[0] = _mm256_mullo_epi16(*row(coefficients, 0), by[0]);
  if (!moderate(v[0])) return false;
  if (last == 0) {
    *row(coefficients, 0) = _mm256_setzero_si256();
    store_flat(v[0], samples, stride);
    return true;
  }
  for (int y = 1; y < 8; ++y) v[y] = _mm256_mullo_epi16(*row(coefficients, y), by[y]);
  for (int y = 0; y < 8; ++y) *row(coefficients, y) = _mm256_setzero_si256();
  transform<kConstBits - kPass1Bits>(v);
  transpose(v);
  transform<kConstBits + kPass1Bits + 3>(v);
  store(v, samples, stride);
  return true;
}

}  // namespace safelight::image::baseline
