// The parts that all instruction sets share. Always inlined, so that each is compiled for its caller's set.
#pragma once

#include "kernels.hpp"

namespace safelight::hamming {

#define SAFELIGHT_INLINE __attribute__((always_inline)) inline

SAFELIGHT_INLINE std::size_t scan_one_by_one(const Hash* hashes, std::uint32_t first, std::uint32_t last,
                                             const Hash& query, unsigned radius, Found* out) {
  std::size_t count = 0;
  for (std::uint32_t i = first; i < last; ++i) {
    const unsigned d = distance(hashes[i], query);
    out[count] = {i, d};
    count += d <= radius;
  }
  return count;
}

// While one group is looked through, the first lines of the one this far ahead are fetched.
constexpr std::size_t kProbesAhead = 24;

SAFELIGHT_INLINE void fetch_ahead(const Probe* probes, std::size_t p, std::size_t count, const Table* tables) {
  if (p + kProbesAhead >= count) return;
  const Probe& ahead = probes[p + kProbesAhead];
  const std::uint16_t* fragments = tables[ahead.table].fragments + ahead.start;
  __builtin_prefetch(fragments);
  if (ahead.length > 32) __builtin_prefetch(fragments + 32);
  if (ahead.length > 64) __builtin_prefetch(fragments + 64);
}

// Each survivor costs two far reads, its position and then its hash. Both are fetched kFar survivors ahead, so
// that the memory works on many at once.
constexpr std::size_t kFar = 24;

SAFELIGHT_INLINE std::size_t verify_in_stages(Survivor* survivors, std::size_t count, const Table* tables,
                                              const Hash* hashes, std::uint32_t n, const Ring& ring, Found* out,
                                              bool* broken) {
  std::size_t found = 0;
  for (std::size_t step = 0; step < count + 2 * kFar; ++step) {
    if (step < count) {
      const Survivor& s = survivors[step];
      if (tables[s.table].ids != nullptr) __builtin_prefetch(tables[s.table].ids + s.place);
    }
    if (step >= kFar && step - kFar < count) {
      Survivor& s = survivors[step - kFar];
      if (tables[s.table].ids != nullptr) s.place = tables[s.table].ids[s.place];
      if (__builtin_expect(s.place >= n, 0)) {
        *broken = true;
        s.place = 0;
      }
      __builtin_prefetch(hashes + s.place);
    }
    if (step < 2 * kFar) continue;
    const Survivor& s = survivors[step - 2 * kFar];
    const Hash& hash = hashes[s.place];
    const unsigned d = distance(hash, ring.query);
    if (__builtin_expect(d > ring.radius, 1)) continue;
    bool earlier = false;   // did a table before this one let it pass already?
    for (unsigned t = 0; t < s.table && !earlier; ++t) {
      const unsigned next = (t + 1) % kChunks;
      const auto own = static_cast<unsigned>(__builtin_popcount(chunk(hash, t) ^ ring.chunks[t]));
      const auto after = static_cast<unsigned>(__builtin_popcount(chunk(hash, next) ^ ring.chunks[next]));
      earlier = ring.passes(t, own, after);
    }
    if (!earlier) out[found++] = {s.place, d};
  }
  return found;
}

}  // namespace safelight::hamming
