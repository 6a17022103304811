// What a search gives back: rows nearest first, withdrawn ones left out before the cap is applied.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

#include "delta.hpp"
#include "snapshot.hpp"

namespace safelight::hamming {

// The answers to a batch of queries, one after the other; those to query i begin at offsets[i].
struct Answers {
  std::vector<std::uint64_t> rows;
  std::vector<std::uint16_t> distances;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint8_t> capped;
};

// Searches a snapshot, a delta or both (either may be null) for one query of 32 bytes as written and appends
// the `cap` nearest live rows by (distance, row); capped is set if there were more. A row found in both under
// the same hash counts once. Throws std::invalid_argument for a radius above 256 or two different keys.
void search(const Snapshot*, const Delta*, const std::uint8_t* query, unsigned radius, std::size_t cap, Plan,
            Answers&);

}  // namespace safelight::hamming
