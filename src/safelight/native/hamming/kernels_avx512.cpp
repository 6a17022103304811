// AVX-512 with VPOPCNTDQ and BITALG (Ice Lake, Zen 4 and later) counts bits in words of 64 and of 16.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernel_bodies.hpp"

#define SAFELIGHT_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,avx512bitalg,bmi,bmi2,popcnt")))

namespace safelight::hamming {
namespace {

SAFELIGHT_AVX512 inline __m512i word_counts(const Hash* pair, __m512i query) {
  return _mm512_popcnt_epi64(_mm512_xor_si512(query, _mm512_loadu_si512(pair)));
}

SAFELIGHT_AVX512 std::size_t scan(const Hash* hashes, std::uint32_t first, std::uint32_t last, const Hash& query,
                                  unsigned radius, Found* out) {
  const __m512i q = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(query.words)));
  const __m512i limit = _mm512_set1_epi64(radius);
  std::size_t found = 0;
  std::uint32_t i = first;
  for (; i + 8 <= last; i += 8) {
    const __m512i p0 = word_counts(hashes + i, q), p1 = word_counts(hashes + i + 2, q);
    const __m512i p2 = word_counts(hashes + i + 4, q), p3 = word_counts(hashes + i + 6, q);
    const __m512i s01 = _mm512_add_epi64(_mm512_unpacklo_epi64(p0, p1), _mm512_unpackhi_epi64(p0, p1));
    const __m512i s23 = _mm512_add_epi64(_mm512_unpacklo_epi64(p2, p3), _mm512_unpackhi_epi64(p2, p3));
    const __m512i even = _mm512_shuffle_i64x2(s01, s23, 0x88);
    const __m512i odd = _mm512_shuffle_i64x2(s01, s23, 0xdd);
    // The lanes are hashes in another order; any near one has its eight looked at one by one.
    if (__builtin_expect(_mm512_cmple_epu64_mask(_mm512_add_epi64(even, odd), limit), 0)) {
      found += scan_one_by_one(hashes, i, i + 8, query, radius, out + found);
    }
  }
  return found + scan_one_by_one(hashes, i, last, query, radius, out + found);
}

SAFELIGHT_AVX512 std::size_t filter(const Probe* probes, std::size_t count, const Table* tables, const Ring& ring,
                                    Survivor* out) {
  std::size_t passed = 0;
  for (std::size_t p = 0; p < count; ++p) {
    fetch_ahead(probes, p, count, tables);
    const Probe& probe = probes[p];
    const std::uint16_t* fragments = tables[probe.table].fragments + probe.start;
    const __m512i wanted = _mm512_set1_epi16(static_cast<short>(ring.chunks[(probe.table + 1u) % kChunks]));
    const __m512i limit = _mm512_set1_epi16(static_cast<short>(probe.threshold));
    for (std::uint32_t k = 0; k < probe.length; k += 32) {
      const std::uint32_t left = probe.length - k;
      const __mmask32 present = left >= 32 ? ~__mmask32{0} : (__mmask32{1} << left) - 1;
      const __m512i differing = _mm512_xor_si512(wanted, _mm512_maskz_loadu_epi16(present, fragments + k));
      __mmask32 near = _mm512_mask_cmple_epu16_mask(present, _mm512_popcnt_epi16(differing), limit);
      for (; near != 0; near &= near - 1) {
        out[passed++] = {probe.start + k + static_cast<unsigned>(__builtin_ctz(near)), probe.table};
      }
    }
  }
  return passed;
}

SAFELIGHT_AVX512 std::size_t verify(Survivor* survivors, std::size_t count, const Table* tables,
                                    const Hash* hashes, std::uint32_t n, const Ring& ring, Found* out,
                                    bool* broken) {
  return verify_in_stages(survivors, count, tables, hashes, n, ring, out, broken);
}

}  // namespace

const Kernels kAvx512Kernels = {scan, filter, verify};

}  // namespace safelight::hamming

#endif
