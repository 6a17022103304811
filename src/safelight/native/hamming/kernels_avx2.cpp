// AVX2 has no population count: two look-ups of four bits each, added (Muła, Kurz and Lemire, 2018).
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernel_bodies.hpp"

#define SAFELIGHT_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

namespace safelight::hamming {
namespace {

SAFELIGHT_AVX2 inline __m256i byte_counts(__m256i v) {
  const __m256i counts = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
                                          0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i four = _mm256_set1_epi8(15);
  return _mm256_add_epi8(_mm256_shuffle_epi8(counts, _mm256_and_si256(v, four)),
                         _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(v, 4), four)));
}

SAFELIGHT_AVX2 inline __m256i word_counts(const Hash& hash, __m256i query) {
  const __m256i stored = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(hash.words));
  return _mm256_sad_epu8(byte_counts(_mm256_xor_si256(query, stored)), _mm256_setzero_si256());
}

SAFELIGHT_AVX2 std::size_t scan(const Hash* hashes, std::uint32_t first, std::uint32_t last, const Hash& query,
                                unsigned radius, Found* out) {
  const __m256i q = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query.words));
  const __m128i limit = _mm_set1_epi32(static_cast<int>(radius));
  std::size_t found = 0;
  std::uint32_t i = first;
  for (; i + 4 <= last; i += 4) {
    // Counts fit 16 bits, so two hashes' fit one register; packed, they are 32-bit numbers again, added across.
    const __m256i ab = _mm256_packs_epi32(word_counts(hashes[i], q), word_counts(hashes[i + 1], q));
    const __m256i cd = _mm256_packs_epi32(word_counts(hashes[i + 2], q), word_counts(hashes[i + 3], q));
    const __m256i sums = _mm256_hadd_epi32(ab, cd);
    const __m128i folded = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    const auto far = static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpgt_epi32(folded, limit))));
    if (__builtin_expect(far != 15, 0)) {
      found += scan_one_by_one(hashes, i, i + 4, query, radius, out + found);
    }
  }
  return found + scan_one_by_one(hashes, i, last, query, radius, out + found);
}

SAFELIGHT_AVX2 std::size_t filter(const Probe* probes, std::size_t count, const Table* tables, const Ring& ring,
                                  Survivor* out) {
  std::size_t passed = 0;
  for (std::size_t p = 0; p < count; ++p) {
    fetch_ahead(probes, p, count, tables);
    const Probe& probe = probes[p];
    const std::uint16_t* fragments = tables[probe.table].fragments + probe.start;
    const __m256i wanted = _mm256_set1_epi16(static_cast<short>(ring.chunks[(probe.table + 1u) % kChunks]));
    const __m256i limit = _mm256_set1_epi16(static_cast<short>(probe.threshold));
    for (std::uint32_t k = 0; k < probe.length; k += 16) {
      const __m256i differing =
          _mm256_xor_si256(wanted, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(fragments + k)));
      const __m256i bytes = byte_counts(differing);
      const __m256i counts = _mm256_srli_epi16(_mm256_add_epi8(bytes, _mm256_slli_epi16(bytes, 8)), 8);
      const auto far = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpgt_epi16(counts, limit)));
      const std::uint32_t left = probe.length - k;
      const unsigned present = left >= 16 ? ~0u : (1u << (2 * left)) - 1;
      for (unsigned near = ~far & present & 0x55555555u; near != 0; near &= near - 1) {
        const auto lane = static_cast<unsigned>(__builtin_ctz(near)) / 2;
        out[passed++] = {probe.start + k + lane, probe.table};
      }
    }
  }
  return passed;
}

SAFELIGHT_AVX2 std::size_t verify(Survivor* survivors, std::size_t count, const Table* tables, const Hash* hashes,
                                  std::uint32_t n, const Ring& ring, Found* out, bool* broken) {
  return verify_in_stages(survivors, count, tables, hashes, n, ring, out, broken);
}

}  // namespace

const Kernels kAvx2Kernels = {scan, filter, verify};

}  // namespace safelight::hamming

#endif
