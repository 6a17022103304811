// Finds the stored hashes within a radius: what to probe, and when running through everything is cheaper.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels.hpp"

namespace safelight::hamming {

// kAuto chooses the cheaper way; the others exist so that tests and measurements can hold one against another.
enum class Plan { kAuto, kTables, kScan };

// Beyond this radius a chunk must be probed at five bits' distance, which never beats a scan.
constexpr unsigned kMaxTableRadius = 79;

// The hashes of one snapshot, with their tables if it has any.
struct Stored {
  const Hash* hashes = nullptr;
  std::uint32_t count = 0;
  bool has_tables = false;
  std::array<Table, kChunks> tables{};
};

// What a search reads, for measuring it against what the memory allows.
struct Touched {
  std::uint64_t members = 0;     // fragments looked at
  std::uint64_t survivors = 0;   // hashes looked at
  std::uint64_t scanned = 0;     // hashes run through
  std::uint64_t bytes = 0;       // in whole cache lines of 64 bytes: of directories, fragments and hashes
};

// Every stored hash within the radius (0-256), each once, in no particular order, appended to `found`.
// Exact whichever plan is taken. Returns false if a table names what cannot be: the file is damaged, and
// `found` may miss hashes. Working memory is kept per thread; a steady state allocates nothing.
bool find_near(const Stored&, const Hash& query, unsigned radius, Plan, std::vector<Found>& found);

// What find_near reads under Plan::kAuto.
Touched touched_by(const Stored&, const Hash& query, unsigned radius);

// The same by running through `count` hashes.
void scan_near(const Hash* hashes, std::uint32_t count, const Hash& query, unsigned radius,
               std::vector<Found>& found);

}  // namespace safelight::hamming
