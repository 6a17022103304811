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

// 299 R + 587 G + 114 B is an exact integer n, and the reference's luma is n / 1000 rounded once to float: its
// rounding errors in double (below 2^-44) never reach the midpoint between two floats, which is an exact value
// of n / 1000 only where that is itself a float, and otherwise at least 2^-35 away.
void luma_row(const std::uint8_t* __restrict row, int channels, int width, float* __restrict luma) {
  if (channels == 1) {
    for (int x = 0; x < width; ++x) luma[x] = static_cast<float>(row[x]);
    return;
  }
  for (int x = 0; x < width; ++x)
    luma[x] = static_cast<float>(299 * row[3 * x] + 587 * row[3 * x + 1] + 114 * row[3 * x + 2]);
  const Vec divisor = all(1000.0F), reciprocal = all(1.0F / 1000.0F);
  int x = 0;
  for (; x + kLanes <= width; x += kLanes) store(luma + x, divide(load(luma + x), divisor, reciprocal));
  for (; x < width; ++x) luma[x] /= 1000.0F;
}

// Swaps one bit of the row's number with the same bit of the lane's, for all rows; all bits make a transpose.
template <int kBit>
inline void swap_bit(Vec* v) {
  Lanes low, high;
  for (int lane = 0; lane < kLanes; ++lane) {
    low[lane] = (lane & kBit) != 0 ? kLanes + (lane ^ kBit) : lane;
    high[lane] = (lane & kBit) != 0 ? kLanes + lane : lane | kBit;
  }
  for (int row = 0; row < kLanes; ++row) {
    if ((row & kBit) != 0) continue;
    const Vec a = v[row], b = v[row | kBit];
    v[row] = __builtin_shuffle(a, b, low);
    v[row | kBit] = __builtin_shuffle(a, b, high);
  }
}

inline void transpose(Vec* v) {
  swap_bit<1>(v);
  swap_bit<2>(v);
  if constexpr (kLanes > 4) swap_bit<4>(v);
  if constexpr (kLanes > 8) swap_bit<8>(v);
}

void rows_to_block(const float* rows, std::ptrdiff_t stride, int width, float* block) {
  for (int x = 0; x < width; x += kLanes) {
    Vec tile[kLanes];
    for (int row = 0; row < kLanes; ++row) tile[row] = load(rows + row * stride + x);
    transpose(tile);
    for (int column = 0; column < kLanes; ++column) store(block + (x + column) * kLanes, tile[column]);
  }
}

void box_along_rows(const float* in, int width, const Steps& steps, float* out) {
  Vec sum{};
  const float* leaving = in - steps.window * kLanes;
  out -= steps.reach * kLanes;
  const int end = width + steps.reach;
  for (int x = 0; x < end; ++x) {
    sum += load(in + x * kLanes);
    sum -= load(leaving + x * kLanes);
    store(out + x * kLanes, divide(sum, all(steps.count[x]), all(steps.reciprocal[x])));
  }
}

void box_along_columns(const float* in, int width, float* ring, std::ptrdiff_t stride, const int* enter,
                       const int* leave, const Steps& steps, int first_step, float* sums, float* out) {
  for (int x = 0; x < width; x += kLanes) {
    Vec tile[kLanes];
    for (int column = 0; column < kLanes; ++column) tile[column] = load(in + (x + column) * kLanes);
    transpose(tile);
    for (int row = 0; row < kLanes; ++row) store(ring + enter[row] * stride + x, tile[row]);
    Vec sum = load(sums + x);
    for (int row = 0; row < kLanes; ++row) {
      sum += tile[row];
      sum -= load(ring + leave[row] * stride + x);
      const int step = first_step + row;
      tile[row] = divide(sum, all(steps.count[step]), all(steps.reciprocal[step]));
    }
    store(sums + x, sum);
    transpose(tile);
    for (int column = 0; column < kLanes; ++column) store(out + (x + column) * kLanes, tile[column]);
  }
}

void box_at_columns(const float* in, const Steps& steps, const int* columns, int count, float* out) {
  Vec sum{};
  const float* leaving = in - steps.window * kLanes;
  int x = 0;
  for (int k = 0; k < count; ++k) {
    const int last = columns[k] + steps.reach;
    for (; x <= last; ++x) {
      sum += load(in + x * kLanes);
      sum -= load(leaving + x * kLanes);
    }
    store(out + k * kLanes, divide(sum, all(steps.count[last]), all(steps.reciprocal[last])));
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
const Kernels KERNELS_NAME = {kLanes,        accumulate,     luma_of_sums,      dot,            luma_row, rows_to_block,
                              box_along_rows, box_along_columns, box_at_columns, transform, gradients};

}  // namespace safelight::pdq
