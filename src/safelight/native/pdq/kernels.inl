// Bodies of the kernels. Included by one source file for each instruction set, which defines KERNELS_NAME,
// KERNELS_LANES. Compiled without contraction: a fused multiply-add happens only where `fused` asks for it.
// Nothing of the standard library is used here: its inline functions would be compiled for the wider
// instruction set and could be the ones that the linker keeps for all.

#if defined(__x86_64__) && defined(__FMA__)
#include <immintrin.h>
#endif

#include "kernels.hpp"

namespace safelight::pdq {
namespace {

constexpr int kLanes = KERNELS_LANES;
constexpr int kGroups = 2;  // of rows: the sum of one goes on while that of the other waits for its addition
constexpr int kRows = kGroups * kLanes;
constexpr int kSide = 64;
constexpr float kThousandth = 1.0F / 1000.0F;
constexpr float kThousandthRest = static_cast<float>(1.0 / 1000.0 - static_cast<double>(kThousandth));

typedef float Vec __attribute__((vector_size(kLanes * sizeof(float))));

inline Vec load(const float* from) {
  Vec v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

inline void store(float* to, Vec v) { __builtin_memcpy(to, &v, sizeof v); }

inline Vec all(float value) {
#if defined(__AVX512F__)
  return (Vec)_mm512_set1_ps(value);
#elif defined(__FMA__)
  return (Vec)_mm256_set1_ps(value);
#else
  return Vec{value, value, value, value};
#endif
}

// a * b + c, in one rounding where the machine has it; for results that may round either way.
inline Vec fused(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
  return (Vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
  return (Vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  return a * b + c;
#endif
}

// The correctly rounded quotient.
//
// dividend * (high + low) before its one rounding is off by less than 2^-48 of itself. A float divided by an
// integer n is never a midpoint between floats, nor nearer to one than 2^-25 / n of itself, and n is below
// 2^20: the rounding is that of the exact quotient.
inline Vec divide(Vec dividend, const Divisor& by) {
#if defined(__AVX512F__) || defined(__FMA__)
  return fused(dividend, all(by.high), dividend * all(by.low));
#else
  return dividend / all(by.value);
#endif
}

#if defined(__AVX512F__) || defined(__FMA__)
inline Vec from_bytes(const std::uint8_t* from) {
#if defined(__AVX512F__)
  return (Vec)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
#else
  return (Vec)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
#endif
}

template <int kVectors>
inline void accumulate_columns(const std::uint8_t* rows, std::ptrdiff_t stride, int count, const float* weights,
                               float* sums) {
  Vec sum[kVectors];
  for (int v = 0; v < kVectors; ++v) sum[v] = load(sums + v * kLanes);
  for (int y = 0; y < count; ++y, rows += stride) {
    const Vec weight = all(weights[y]);
    for (int v = 0; v < kVectors; ++v) sum[v] = fused(weight, from_bytes(rows + v * kLanes), sum[v]);
  }
  for (int v = 0; v < kVectors; ++v) store(sums + v * kLanes, sum[v]);
}

void accumulate(const std::uint8_t* rows, std::ptrdiff_t stride, int count, const float* weights, int n,
                float* sums) {
  constexpr int kVectors = 8;
  int x = 0;
  for (; x + kVectors * kLanes <= n; x += kVectors * kLanes)
    accumulate_columns<kVectors>(rows + x, stride, count, weights, sums + x);
  for (; x + kLanes <= n; x += kLanes) accumulate_columns<1>(rows + x, stride, count, weights, sums + x);
  for (; x < n; ++x)
    for (int y = 0; y < count; ++y) sums[x] += weights[y] * static_cast<float>(rows[y * stride + x]);
}
#else
void accumulate(const std::uint8_t* rows, std::ptrdiff_t stride, int count, const float* weights, int n,
                float* __restrict sums) {
  constexpr int kTile = 1024;  // columns at a time, so that their sums stay in the first cache
  for (int begin = 0; begin < n; begin += kTile) {
    const int end = n - begin < kTile ? n : begin + kTile;
    const std::uint8_t* row = rows;
    for (int y = 0; y < count; ++y, row += stride)
      for (int x = begin; x < end; ++x) sums[x] += weights[y] * static_cast<float>(row[x]);
  }
}
#endif

void luma_of_sums(const float* __restrict rgb, int width, float* __restrict luma) {
  for (int x = 0; x < width; ++x)
    luma[x] = 0.299F * rgb[3 * x] + 0.587F * rgb[3 * x + 1] + 0.114F * rgb[3 * x + 2];
}

inline float total(Vec v) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps((__m512)v);
#elif defined(__FMA__)
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
#else
  return (v[0] + v[1]) + (v[2] + v[3]);
#endif
}

float dot(const float* values, const float* weights, int n) {
  Vec sum{};
  for (int k = 0; k < n; k += kLanes) sum = fused(load(values + k), load(weights + k), sum);
  return total(sum);
}

// kLanes integers 299 R + 587 G + 114 B, from pixels of three bytes; reads up to kLumaReads bytes.
#if defined(__AVX512F__)
constexpr int kLumaReads = 64;
inline Vec thousand_lumas(const std::uint8_t* pixels) {
  // Twelve bytes to each quarter, then red and green, and blue, to halves of their own.
  const __m512i quarters = _mm512_permutexvar_epi32(
      _mm512_setr_epi32(0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12), _mm512_loadu_si512(pixels));
  const __m128i red_green = _mm_setr_epi8(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1);
  const __m128i blue = _mm_setr_epi8(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1);
  return (Vec)_mm512_cvtepi32_ps(_mm512_add_epi32(
      _mm512_madd_epi16(_mm512_shuffle_epi8(quarters, _mm512_broadcast_i32x4(red_green)),
                        _mm512_set1_epi32(299 | 587 << 16)),
      _mm512_madd_epi16(_mm512_shuffle_epi8(quarters, _mm512_broadcast_i32x4(blue)), _mm512_set1_epi32(114))));
}
#elif defined(__FMA__)
constexpr int kLumaReads = 32;
inline Vec thousand_lumas(const std::uint8_t* pixels) {
  const __m256i halves = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(pixels)),
                                                     _mm256_setr_epi32(0, 1, 2, 3, 3, 4, 5, 6));
  const __m128i red_green = _mm_setr_epi8(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1);
  const __m128i blue = _mm_setr_epi8(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1);
  return (Vec)_mm256_cvtepi32_ps(_mm256_add_epi32(
      _mm256_madd_epi16(_mm256_shuffle_epi8(halves, _mm256_broadcastsi128_si256(red_green)),
                        _mm256_set1_epi32(299 | 587 << 16)),
      _mm256_madd_epi16(_mm256_shuffle_epi8(halves, _mm256_broadcastsi128_si256(blue)), _mm256_set1_epi32(114))));
}
#else
constexpr int kLumaReads = 3 * kLanes;
inline Vec thousand_lumas(const std::uint8_t* pixels) {
  Vec lumas;
  for (int x = 0; x < kLanes; ++x, pixels += 3)
    lumas[x] = static_cast<float>(299 * pixels[0] + 587 * pixels[1] + 114 * pixels[2]);
  return lumas;
}
#endif

// 299 R + 587 G + 114 B is an exact integer n, and the reference's luma is n / 1000 rounded once to float: its
// rounding errors in double (below 2^-44) never reach the midpoint between two floats, which is an exact value
// of n / 1000 only where that is itself a float, and otherwise at least 2^-35 away.
void luma_row(const std::uint8_t* __restrict row, int channels, int width, int count, float* __restrict luma) {
  const int end = count < width ? count : width;
  int x = 0;
  if (channels == 1) {
    for (; x < end; ++x) luma[x] = static_cast<float>(row[x]);
  } else {
    const Divisor thousand{1000.0F, kThousandth, kThousandthRest};
    for (; x + kLanes <= end && 3 * x + kLumaReads <= 3 * width; x += kLanes)
      store(luma + x, divide(thousand_lumas(row + 3 * x), thousand));
    for (; x < end; ++x)
      luma[x] = static_cast<float>(299 * row[3 * x] + 587 * row[3 * x + 1] + 114 * row[3 * x + 2]) / 1000.0F;
  }
  for (; x < count; ++x) luma[x] = 0.0F;
}

// Four values each from `from` and the rows 4, 8, 12 below it.
inline Vec quads(const float* from, std::ptrdiff_t stride) {
#if defined(__AVX512F__)
  __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(from));
  v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 4 * stride), 1);
  v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 8 * stride), 2);
  return (Vec)_mm512_insertf32x4(v, _mm_loadu_ps(from + 12 * stride), 3);
#elif defined(__FMA__)
  return (Vec)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), _mm_loadu_ps(from + 4 * stride), 1);
#else
  static_assert(kLanes == 4);
  (void)stride;
  return load(from);
#endif
}

constexpr int lane_of(int k, int four) { return four + (k < 4 ? k : kLanes + k - 4); }

// Lanes of each four of a (0-3) and b (4-7), in every four alike.
template <int k0, int k1, int k2, int k3>
inline Vec pick(Vec a, Vec b) {
#define FOUR(four) lane_of(k0, four), lane_of(k1, four), lane_of(k2, four), lane_of(k3, four)
#if KERNELS_LANES == 16
  return __builtin_shufflevector(a, b, FOUR(0), FOUR(4), FOUR(8), FOUR(12));
#elif KERNELS_LANES == 8
  return __builtin_shufflevector(a, b, FOUR(0), FOUR(4));
#else
  return __builtin_shufflevector(a, b, FOUR(0));
#endif
#undef FOUR
}

// Four columns of kLanes rows.
inline void load_columns(const float* rows, std::ptrdiff_t stride, Vec* columns) {
  const Vec a = quads(rows, stride), b = quads(rows + stride, stride);
  const Vec c = quads(rows + 2 * stride, stride), d = quads(rows + 3 * stride, stride);
  const Vec ab_low = pick<0, 4, 1, 5>(a, b), ab_high = pick<2, 6, 3, 7>(a, b);
  const Vec cd_low = pick<0, 4, 1, 5>(c, d), cd_high = pick<2, 6, 3, 7>(c, d);
  columns[0] = pick<0, 1, 4, 5>(ab_low, cd_low);
  columns[1] = pick<2, 3, 6, 7>(ab_low, cd_low);
  columns[2] = pick<0, 1, 4, 5>(ab_high, cd_high);
  columns[3] = pick<2, 3, 6, 7>(ab_high, cd_high);
}

// Runs `step(k, sums)` after column from + k has entered the window and the one that leaves it has left.
template <typename Step>
inline void sweep(const float* rows, std::ptrdiff_t stride, int from, int count, RowWindow& window, Step step) {
  float* const inside = window.inside;
  const int mask = window.mask, width = window.width;
  Vec sums[kGroups];
  for (int g = 0; g < kGroups; ++g) sums[g] = load(window.sums + g * kLanes);
  for (int begin = 0; begin < count; begin += 4) {
    Vec columns[kGroups][4];
    for (int g = 0; g < kGroups; ++g) load_columns(rows + g * kLanes * stride + begin, stride, columns[g]);
    for (int k = 0; k < 4; ++k) {
      const int x = from + begin + k;
      float* const entering = inside + (x & mask) * kRows;
      const float* const leaving = inside + ((x - width) & mask) * kRows;
      for (int g = 0; g < kGroups; ++g) {
        store(entering + g * kLanes, columns[g][k]);
        sums[g] += columns[g][k];
        sums[g] -= load(leaving + g * kLanes);
      }
      step(begin + k, sums);
    }
  }
  for (int g = 0; g < kGroups; ++g) store(window.sums + g * kLanes, sums[g]);
}

void box_along_rows(const float* rows, std::ptrdiff_t stride, int from, int count, RowWindow& window,
                    const Divisor* divisors, float* block) {
  divisors += from;
  sweep(rows, stride, from, count, window, [=](int k, const Vec* sums) {
    for (int g = 0; g < kGroups; ++g) store(block + k * kRows + g * kLanes, divide(sums[g], divisors[k]));
  });
}

template <int kTiles>
inline void box_down_tiles(const float* block, float* const* enter, const float* const* leave,
                           const Divisor* divisors, float* sums, float* out, std::ptrdiff_t stride, int x) {
  Vec sum[kTiles];
  for (int t = 0; t < kTiles; ++t) sum[t] = load(sums + t * kLanes);
  for (int begin = 0; begin < kRows; begin += 4) {
    Vec rows[kTiles][4];
    for (int t = 0; t < kTiles; ++t) load_columns(block + t * kLanes * kRows + begin, kRows, rows[t]);
    for (int k = 0; k < 4; ++k)
      for (int t = 0; t < kTiles; ++t) {
        const int row = begin + k, column = x + t * kLanes;
        store(enter[row] + column, rows[t][k]);
        sum[t] += rows[t][k];
        sum[t] -= load(leave[row] + column);
        store(out + row * stride + t * kLanes, divide(sum[t], divisors[row]));
      }
  }
  for (int t = 0; t < kTiles; ++t) store(sums + t * kLanes, sum[t]);
}

void box_along_columns(const float* block, int from, int count, float* const* enter, const float* const* leave,
                       const Divisor* divisors, float* sums, float* out, std::ptrdiff_t stride) {
  constexpr int kTiles = 2;  // so that one sum goes on while the other waits for its last addition
  int k = 0;
  for (; k + kTiles * kLanes <= count; k += kTiles * kLanes)
    box_down_tiles<kTiles>(block + k * kRows, enter, leave, divisors, sums + from + k, out + k, stride,
                           from + k);
  for (; k < count; k += kLanes)
    box_down_tiles<1>(block + k * kRows, enter, leave, divisors, sums + from + k, out + k, stride, from + k);
}

void sum_along_rows(const float* rows, std::ptrdiff_t stride, int from, int count, RowWindow& window,
                    float* block) {
  sweep(rows, stride, from, count, window, [=](int k, const Vec* sums) {
    for (int g = 0; g < kGroups; ++g) store(block + k * kRows + g * kLanes, sums[g]);
  });
}

void transform(const float* samples, const float* matrix, const float* transposed, float* half,
               float* coefficients) {
  for (int i = 0; i < 16; ++i, matrix += kSide, half += kSide, coefficients += 16) {
    for (int j = 0; j < kSide; j += 2 * kLanes) {
      Vec first{}, second{};
      for (int k = 0; k < kSide; ++k) {
        const Vec factor = all(matrix[k]);
        first += factor * load(samples + k * kSide + j);
        second += factor * load(samples + k * kSide + j + kLanes);
      }
      store(half + j, first);
      store(half + j + kLanes, second);
    }
    for (int j = 0; j < 16; j += kLanes) {
      Vec sum{};
      for (int k = 0; k < kSide; ++k) sum += all(half[k]) * load(transposed + k * 16 + j);
      store(coefficients + j, sum);
    }
  }
}

inline void gradient(float difference, float error, int* least, int* most) {
  const float size = __builtin_fabsf(difference * 100 / 255);
  const float smaller = size - error;
  *least += static_cast<int>(smaller > 0 ? smaller : 0.0F);
  *most += static_cast<int>(size + error);
}

void gradients(const float* samples, float error, int* least, int* most) {
  int low = 0, high = 0;
  for (int i = 0; i < kSide - 1; ++i)
    for (int j = 0; j < kSide; ++j)
      gradient(samples[i * kSide + j] - samples[(i + 1) * kSide + j], error, &low, &high);
  for (int i = 0; i < kSide; ++i)
    for (int j = 0; j < kSide - 1; ++j)
      gradient(samples[i * kSide + j] - samples[i * kSide + j + 1], error, &low, &high);
  *least = low;
  *most = high;
}

}  // namespace

extern const Kernels KERNELS_NAME;
const Kernels KERNELS_NAME = {kRows,          accumulate,        luma_of_sums,   dot,       luma_row,
                              box_along_rows, box_along_columns, sum_along_rows, transform, gradients};

}  // namespace safelight::pdq
