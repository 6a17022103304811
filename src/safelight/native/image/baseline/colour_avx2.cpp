// Smooth upsampling and colour. Nothing of the standard library is used here, as in blocks_avx2.cpp.
//
// Even and odd pixels stay apart until they are bytes: 16 of each in words.
#include "image/baseline/kernels.hpp"

#include <immintrin.h>

namespace safelight::image::baseline {

namespace {

constexpr int kVector = 16;  // words

struct Halves {
  __m256i even, odd;
};

inline __m256i load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
inline __m256i words(const std::uint8_t* from) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
inline __m256i all(int value) { return _mm256_set1_epi16(static_cast<short>(value)); }

inline Halves apart(const std::uint8_t* pixels) {
  const __m256i both = load(pixels);
  return {_mm256_and_si256(both, all(0xff)), _mm256_srli_epi16(both, 8)};
}

// jdsample.c: three quarters of the nearer sample, a quarter of the farther, rounded by turns up and down.
template <int kEven, int kOdd, int kBits>
inline Halves upsampled(const std::int16_t* sums) {
  const __m256i here = load(sums), thrice = _mm256_add_epi16(here, _mm256_add_epi16(here, here));
  const __m256i even = _mm256_add_epi16(_mm256_add_epi16(thrice, load(sums - 1)), all(kEven));
  const __m256i odd = _mm256_add_epi16(_mm256_add_epi16(thrice, load(sums + 1)), all(kOdd));
  return {_mm256_srli_epi16(even, kBits), _mm256_srli_epi16(odd, kBits)};
}

struct Rgb {
  __m256i red, green, blue;
};

inline __m256i clamped(__m256i a) {
  return _mm256_min_epi16(_mm256_max_epi16(a, _mm256_setzero_si256()), all(255));
}

// jdcolor.c's constants of 16 bits, with whole multiples taken out so that the rest fits a signed word.
inline Rgb converted(__m256i luma, __m256i cb, __m256i cr) {
  constexpr int k0_402 = 26345, kMinus0_228 = -14942, kMinus0_344 = -22554, k0_286 = 18734;
  cb = _mm256_sub_epi16(cb, all(128));
  cr = _mm256_sub_epi16(cr, all(128));
  const __m256i red_part = _mm256_srai_epi16(
      _mm256_add_epi16(_mm256_mulhi_epi16(_mm256_add_epi16(cr, cr), all(k0_402)), all(1)), 1);
  const __m256i red = _mm256_add_epi16(_mm256_add_epi16(luma, cr), red_part);
  const __m256i blue_part = _mm256_mulhrs_epi16(cb, all(kMinus0_228 / 2));
  const __m256i blue = _mm256_add_epi16(_mm256_add_epi16(luma, _mm256_add_epi16(cb, cb)), blue_part);
  const __m256i by = _mm256_set1_epi32((kMinus0_344 & 0xffff) | k0_286 << 16), half = _mm256_set1_epi32(1 << 15);
  const __m256i low = _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpacklo_epi16(cb, cr), by), half);
  const __m256i high = _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpackhi_epi16(cb, cr), by), half);
  const __m256i green_part = _mm256_packs_epi32(_mm256_srai_epi32(low, 16), _mm256_srai_epi32(high, 16));
  const __m256i green = _mm256_add_epi16(_mm256_sub_epi16(luma, cr), green_part);
  return {clamped(red), clamped(green), clamped(blue)};
}

inline __m256i joined(__m256i even, __m256i odd) { return _mm256_or_si256(even, _mm256_slli_epi16(odd, 8)); }

struct Shuffle {
  char of[3][16];
};
// For each of three vectors of 16 bytes: which of 16 values of a channel go where.
constexpr Shuffle shuffle_of(int channel) {
  Shuffle shuffle{};
  for (int i = 0; i < 48; ++i) shuffle.of[i / 16][i % 16] = static_cast<char>(i % 3 == channel ? i / 3 : -1);
  return shuffle;
}
constexpr Shuffle kRed = shuffle_of(0), kGreen = shuffle_of(1), kBlue = shuffle_of(2);

inline __m256i spread(__m256i channel, const char* places) {
  return _mm256_shuffle_epi8(channel,
                             _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(places))));
}

inline void store(Rgb even, Rgb odd, std::uint8_t* rgb) {
  const __m256i red = joined(even.red, odd.red), green = joined(even.green, odd.green);
  const __m256i blue = joined(even.blue, odd.blue);
  for (int i = 0; i < 3; ++i) {
    const __m256i both = _mm256_or_si256(_mm256_or_si256(spread(red, kRed.of[i]), spread(green, kGreen.of[i])),
                                         spread(blue, kBlue.of[i]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rgb + 16 * i), _mm256_castsi256_si128(both));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rgb + 48 + 16 * i), _mm256_extracti128_si256(both, 1));
  }
}

// `chroma` gives both kinds for the pixels from x on.
template <typename Chroma>
inline void colour(const std::uint8_t* luma, int width, std::uint8_t* rgb, Chroma chroma) {
  for (int x = 0; x < width; x += kPixels) {
    const Halves y = apart(luma + x);
    Halves cb, cr;
    chroma(x, cb, cr);
    store(converted(y.even, cb.even, cr.even), converted(y.odd, cb.odd, cr.odd), rgb + 3 * x);
  }
}

// The sums just beside a row repeat its ends, so that these are rounded as jdsample.c's special cases.
inline void repeat_ends(std::int16_t* sums, int width) {
  sums[-1] = sums[0];
  sums[width] = sums[width - 1];
}

}  // namespace

void sum_rows(const std::uint8_t* near, const std::uint8_t* far, int width, std::int16_t* sums) {
  for (int x = 0; x < width; x += kVector) {
    const __m256i here = words(near + x);
    const __m256i sum = _mm256_add_epi16(_mm256_add_epi16(here, _mm256_add_epi16(here, here)), words(far + x));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + x), sum);
  }
  repeat_ends(sums, width);
}

void copy_row(const std::uint8_t* row, int width, std::int16_t* sums) {
  for (int x = 0; x < width; x += kVector)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + x), words(row + x));
  repeat_ends(sums, width);
}

void colour_h2v2(const std::uint8_t* luma, const std::int16_t* cb, const std::int16_t* cr, int width,
                 std::uint8_t* rgb) {
  colour(luma, width, rgb, [=](int x, Halves& b, Halves& r) {
    b = upsampled<8, 7, 4>(cb + x / 2);
    r = upsampled<8, 7, 4>(cr + x / 2);
  });
}

void colour_h2v1(const std::uint8_t* luma, const std::int16_t* cb, const std::int16_t* cr, int width,
                 std::uint8_t* rgb) {
  colour(luma, width, rgb, [=](int x, Halves& b, Halves& r) {
    b = upsampled<1, 2, 2>(cb + x / 2);
    r = upsampled<1, 2, 2>(cr + x / 2);
  });
}

void colour_h1v1(const std::uint8_t* luma, const std::uint8_t* cb, const std::uint8_t* cr, int width,
                 std::uint8_t* rgb) {
  colour(luma, width, rgb, [=](int x, Halves& b, Halves& r) {
    b = apart(cb + x);
    r = apart(cr + x);
  });
}

}  // namespace safelight::image::baseline
