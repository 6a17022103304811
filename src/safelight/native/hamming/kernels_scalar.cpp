// Plain C++, right on every architecture; Arm64 compilers make vector code of the population counts.
#include "kernel_bodies.hpp"

namespace safelight::hamming {
namespace {

std::size_t scan(const Hash* hashes, std::uint32_t first, std::uint32_t last, const Hash& query,
                 unsigned radius, Found* out) {
  return scan_one_by_one(hashes, first, last, query, radius, out);
}

std::size_t filter(const Probe* probes, std::size_t count, const Table* tables, const Ring& ring,
                   Survivor* out) {
  std::size_t passed = 0;
  for (std::size_t p = 0; p < count; ++p) {
    fetch_ahead(probes, p, count, tables);
    const Probe& probe = probes[p];
    const std::uint16_t* fragments = tables[probe.table].fragments + probe.start;
    const std::uint16_t wanted = ring.chunks[(probe.table + 1u) % kChunks];
    for (std::uint32_t k = 0; k < probe.length; ++k) {
      out[passed] = {probe.start + k, probe.table};
      passed += static_cast<unsigned>(__builtin_popcount(unsigned{fragments[k]} ^ wanted)) <= probe.threshold;
    }
  }
  return passed;
}

std::size_t verify(Survivor* survivors, std::size_t count, const Table* tables, const Hash* hashes,
                   std::uint32_t n, const Ring& ring, Found* out, bool* broken) {
  return verify_in_stages(survivors, count, tables, hashes, n, ring, out, broken);
}

}  // namespace

const Kernels kScalarKernels = {scan, filter, verify};

}  // namespace safelight::hamming
