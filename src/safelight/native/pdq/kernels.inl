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
constexpr int kGroups = 2;  // of lanes: their sums go on while each waits for its last addition
constexpr int kRows = kGroups * kLanes;
constexpr int kSide = 64;

typedef float Vec __attribute__((vector_size(kLanes * sizeof(float))));
typedef std::int32_t Lanes __attribute__((vector_size(kLanes * sizeof(std::int32_t))));

inline Vec load(const float* from) {
  Vec v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

inline void store(float* to, Vec v) { __builtin_memcpy(to, &v, sizeof v); }

inline Vec all(float value) { return Vec{} + value; }

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

// The correctly rounded quotient by an integer below 2^24 / 3, given its rounded reciprocal.
//
// The first product is within 1.5 units in the last place, so the remainder is exact in one fused step, and
// the corrected quotient is off by less than 1.5 * 2^-24 units before it is rounded. A float divided by an
// integer n is never a midpoint between floats and no nearer to one than 1/(2n) units: the rounding is right.
inline Vec divide(Vec dividend, Vec divisor, [[maybe_unused]] Vec reciprocal) {
#if defined(__AVX512F__)
  const __m512 s = (__m512)dividend, n = (__m512)divisor, r = (__m512)reciprocal;
  const __m512 quotient = _mm512_mul_ps(s, r);
  return (Vec)_mm512_fmadd_ps(_mm512_fnmadd_ps(quotient, n, s), r, quotient);
#elif defined(__FMA__)
  const __m256 s = (__m256)dividend, n = (__m256)divisor, r = (__m256)reciprocal;
  const __m256 quotient = _mm256_mul_ps(s, r);
  return (Vec)_mm256_fmadd_ps(_mm256_fnmadd_ps(quotient, n, s), r, quotient);
#else
  return dividend / divisor;
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

float dot(const float* values, const float* weights, int n) {
  Vec sum{};
  for (int k = 0; k < n; k += kLanes) sum = fused(load(values + k), load(weights + k), sum);
  float total = 0;
  for (int lane = 0; lane < kLanes; ++lane) total += sum[lane];
  return total;
}

// kLanes integers 299 R + 587 G + 114 B from pixels of three bytes; reads four bytes beyond the last.
#if defined(__AVX512F__) || defined(__FMA__)
inline Vec thousand_lumas(const std::uint8_t* pixels) {
  // Each weight in two parts that fit a signed byte: 8 * (37, 73, 14) + (3, 3, 2).
  const auto* quads = reinterpret_cast<const __m128i*>(pixels);
  const auto at = [quads](int k) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(reinterpret_cast<const char*>(quads) + 12 * k));
  };
  const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
#if defined(__AVX512F__)
  __m512i rgb = _mm512_castsi128_si512(at(0));
  rgb = _mm512_inserti32x4(rgb, at(1), 1);
  rgb = _mm512_inserti32x4(rgb, at(2), 2);
  rgb = _mm512_inserti32x4(rgb, at(3), 3);
  rgb = _mm512_shuffle_epi8(rgb, _mm512_broadcast_i32x4(spread));
  const __m512i high = _mm512_maddubs_epi16(rgb, _mm512_set1_epi32(37 | 73 << 8 | 14 << 16));
  const __m512i low = _mm512_maddubs_epi16(rgb, _mm512_set1_epi32(3 | 3 << 8 | 2 << 16));
  return (Vec)_mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_madd_epi16(high, _mm512_set1_epi16(8)),
                                                  _mm512_madd_epi16(low, _mm512_set1_epi16(1))));
#else
  __m256i rgb = _mm256_inserti128_si256(_mm256_castsi128_si256(at(0)), at(1), 1);
  rgb = _mm256_shuffle_epi8(rgb, _mm256_broadcastsi128_si256(spread));
  const __m256i high = _mm256_maddubs_epi16(rgb, _mm256_set1_epi32(37 | 73 << 8 | 14 << 16));
  const __m256i low = _mm256_maddubs_epi16(rgb, _mm256_set1_epi32(3 | 3 << 8 | 2 << 16));
  return (Vec)_mm256_cvtepi32_ps(_mm256_add_epi32(_mm256_madd_epi16(high, _mm256_set1_epi16(8)),
                                                  _mm256_madd_epi16(low, _mm256_set1_epi16(1))));
#endif
}
#else
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
void luma_row(const std::uint8_t* __restrict row, int channels, int width, float* __restrict luma) {
  if (channels == 1) {
    for (int x = 0; x < width; ++x) luma[x] = static_cast<float>(row[x]);
    return;
  }
  const Vec divisor = all(1000.0F), reciprocal = all(1.0F / 1000.0F);
  int x = 0;
  for (; x + kLanes + 1 < width; x += kLanes)
    store(luma + x, divide(thousand_lumas(row + 3 * x), divisor, reciprocal));
  for (; x < width; ++x)
    luma[x] = static_cast<float>(299 * row[3 * x] + 587 * row[3 * x + 1] + 114 * row[3 * x + 2]) / 1000.0F;
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
  (void)stride;
  return load(from);
#endif
}

// Takes lanes of each four of a and b: kFrom says which of a0-a3 (0-3) and b0-b3 (4-7).
template <int k0, int k1, int k2, int k3>
inline Vec pick(Vec a, Vec b) {
  Lanes from;
  for (int four = 0; four < kLanes; four += 4) {
    from[four] = four + (k0 < 4 ? k0 : kLanes + k0 - 4);
    from[four + 1] = four + (k1 < 4 ? k1 : kLanes + k1 - 4);
    from[four + 2] = four + (k2 < 4 ? k2 : kLanes + k2 - 4);
    from[four + 3] = four + (k3 < 4 ? k3 : kLanes + k3 - 4);
  }
  return __builtin_shuffle(a, b, from);
}

// kLanes columns of kLanes rows.
inline void load_columns(const float* rows, std::ptrdiff_t stride, Vec* columns) {
  for (int x = 0; x < kLanes; x += 4) {
    const Vec a = quads(rows + x, stride), b = quads(rows + stride + x, stride);
    const Vec c = quads(rows + 2 * stride + x, stride), d = quads(rows + 3 * stride + x, stride);
    const Vec ab_low = pick<0, 4, 1, 5>(a, b), ab_high = pick<2, 6, 3, 7>(a, b);
    const Vec cd_low = pick<0, 4, 1, 5>(c, d), cd_high = pick<2, 6, 3, 7>(c, d);
    columns[x] = pick<0, 1, 4, 5>(ab_low, cd_low);
    columns[x + 1] = pick<2, 3, 6, 7>(ab_low, cd_low);
    columns[x + 2] = pick<0, 1, 4, 5>(ab_high, cd_high);
    columns[x + 3] = pick<2, 3, 6, 7>(ab_high, cd_high);
  }
}

// Runs `step(x, sums)` after each column has entered the window and the one that leaves it has left.
template <typename Step>
inline void sweep(const float* rows, std::ptrdiff_t stride, int width, int window, float* passing, int mask,
                  Step step) {
  for (int k = 0; k < (mask + 1) * kRows; k += kLanes) store(passing + k, Vec{});
  Vec sums[kGroups]{};
  for (int begin = 0; begin < width; begin += kLanes) {
    Vec columns[kGroups][kLanes];
    for (int g = 0; g < kGroups; ++g) load_columns(rows + g * kLanes * stride + begin, stride, columns[g]);
    for (int k = 0; k < kLanes; ++k) {
      const int x = begin + k;
      float* entering = passing + (x & mask) * kRows;
      const float* leaving = passing + ((x - window) & mask) * kRows;
      for (int g = 0; g < kGroups; ++g) {
        store(entering + g * kLanes, columns[g][k]);
        sums[g] += columns[g][k];
        sums[g] -= load(leaving + g * kLanes);
      }
      step(x, sums);
    }
  }
}

void box_along_rows(const float* rows, std::ptrdiff_t stride, int width, const Steps& steps, float* passing,
                    int mask, float* out) {
  out -= steps.reach * kRows;
  sweep(rows, stride, width, steps.window, passing, mask, [&](int x, const Vec* sums) {
    const Vec count = all(steps.count[x]), reciprocal = all(steps.reciprocal[x]);
    for (int g = 0; g < kGroups; ++g) store(out + x * kRows + g * kLanes, divide(sums[g], count, reciprocal));
  });
}

void box_along_columns(const float* block, int width, float* const* enter, const float* const* leave,
                       const Steps& steps, int first_step, float* sums, float* out, std::ptrdiff_t stride) {
  for (int x = 0; x < width; x += kLanes) {
    Vec sum = load(sums + x);
    for (int g = 0; g < kGroups; ++g) {
      Vec rows[kLanes];
      load_columns(block + x * kRows + g * kLanes, kRows, rows);
      for (int k = 0; k < kLanes; ++k) store(enter[g * kLanes + k] + x, rows[k]);
      const float* count = steps.count + first_step + g * kLanes;
      const float* reciprocal = steps.reciprocal + first_step + g * kLanes;
      float* to = out + g * kLanes * stride + x;
      for (int k = 0; k < kLanes; ++k, to += stride) {
        sum += rows[k];
        sum -= load(leave[g * kLanes + k] + x);
        store(to, divide(sum, all(count[k]), all(reciprocal[k])));
      }
    }
    store(sums + x, sum);
  }
}

void box_at_columns(const float* rows, std::ptrdiff_t stride, int width, const Steps& steps, float* passing,
                    int mask, float* swept, const int* columns, int count, float* out) {
  sweep(rows, stride, width, steps.window, passing, mask, [&](int x, const Vec* sums) {
    for (int g = 0; g < kGroups; ++g) store(swept + x * kRows + g * kLanes, sums[g]);
  });
  for (int k = 0; k < count; ++k) {
    const int last = columns[k] + steps.reach;
    const Vec divisor = all(steps.count[last]), reciprocal = all(steps.reciprocal[last]);
    for (int g = 0; g < kGroups; ++g)
      store(out + k * kRows + g * kLanes, divide(load(swept + last * kRows + g * kLanes), divisor, reciprocal));
  }
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
const Kernels KERNELS_NAME = {kLanes,         kRows,             accumulate,     luma_of_sums, dot,      luma_row,
                              box_along_rows, box_along_columns, box_at_columns, transform,    gradients};

}  // namespace safelight::pdq
