// The three inner loops of a search, one version an instruction set, chosen once by function pointers.
//
// They take plain pointers and never allocate: policy (what to probe, when to scan instead) is search.cpp's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu.hpp"
#include "hash.hpp"

namespace safelight::hamming {

// A stored hash within the radius.
struct Found {
  std::uint32_t position;
  std::uint32_t distance;
};

// One search table: the hashes grouped by the value of one chunk.
struct Table {
  const std::uint32_t* directory;   // where each value's group starts; one more than there are values
  const std::uint16_t* fragments;   // of each member, its next chunk
  const std::uint32_t* ids;         // of each member, its position; null where the two are the same
};

// A group, or part of one, to look through: members whose next chunk differs by at most `threshold` bits pass.
struct Probe {
  std::uint32_t start;
  std::uint32_t length;
  std::uint16_t table;
  std::uint16_t threshold;
};

struct Survivor {
  std::uint32_t place;   // within the table
  std::uint32_t table;
};

// A query as the tables see it: its chunks, and how the radius is shared out among them (units sum to
// radius + 1). A hash within the radius has a chunk j differing by less than units[j] bits, and chunks j and
// j + 1 together by less than units[j] + units[j + 1]: the pigeonhole principle on a ring (Qin and Xiao,
// "Pigeonring", VLDB 2018).
struct Ring {
  Hash query;
  unsigned radius;
  std::uint16_t chunks[kChunks];
  std::uint16_t units[kChunks];

  bool passes(unsigned j, unsigned own, unsigned next) const {
    return own < units[j] && own + next < unsigned{units[j]} + units[(j + 1) % kChunks];
  }
};

struct Kernels {
  // Every hash of [first, last) within the radius; `out` has room for all of them.
  std::size_t (*scan)(const Hash* hashes, std::uint32_t first, std::uint32_t last, const Hash& query,
                      unsigned radius, Found* out);

  // Members of the probed groups that pass the ring filter; `out` has room for all members. May read up to
  // 64 bytes past a group.
  std::size_t (*filter)(const Probe* probes, std::size_t count, const Table* tables, const Ring& ring,
                        Survivor* out);

  // Survivors within the radius, each hash once even if several tables let it pass. Overwrites `survivors`;
  // `out` has room for all. Sets `*broken` if a table names a position outside [0, n), which it leaves out.
  std::size_t (*verify)(Survivor* survivors, std::size_t count, const Table* tables, const Hash* hashes,
                        std::uint32_t n, const Ring& ring, Found* out, bool* broken);
};

extern const Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

const Kernels& kernels();   // the best that safelight::isa() and this CPU allow
Isa kernels_isa();          // which these are

}  // namespace safelight::hamming
