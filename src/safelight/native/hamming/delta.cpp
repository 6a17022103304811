// Removal moves the last hash into the gap, so that a search runs through live hashes only.
#include "delta.hpp"

#include <algorithm>
#include <stdexcept>

#include "postings.hpp"
#include "search.hpp"

namespace safelight::hamming {

void Delta::add(const std::uint8_t* hashes, const std::uint64_t* rows, std::size_t count) {
  if (std::any_of(rows, rows + count, [](std::uint64_t row) { return row > kMaxRow; })) {
    throw std::invalid_argument("rows must be below 2^63");
  }
  std::vector<Hash> stored(count);
  for (std::size_t i = 0; i < count; ++i) stored[i] = layout_.apply(hashes + 32 * i);
  const auto held = lock_.write();
  if (hashes_.size() + count > UINT32_MAX) throw std::invalid_argument("the delta is full; compact the index");
  for (std::size_t i = 0; i < count; ++i) {
    positions_.emplace(rows[i], static_cast<std::uint32_t>(hashes_.size()));
    hashes_.push_back(stored[i]);
    rows_.push_back(rows[i]);
  }
}

void Delta::withdraw(const std::uint64_t* rows, std::size_t count) {
  const auto held = lock_.write();
  for (std::size_t i = 0; i < count; ++i) {
    hidden_.insert(rows[i]);
    remove(rows[i]);
  }
}

void Delta::remove(std::uint64_t row) {
  for (auto it = positions_.find(row); it != positions_.end(); it = positions_.find(row)) {
    const std::uint32_t gap = it->second;
    const auto last = static_cast<std::uint32_t>(hashes_.size() - 1);
    positions_.erase(it);
    if (gap != last) {
      const auto movers = positions_.equal_range(rows_[last]);
      const auto mover = std::find_if(movers.first, movers.second,
                                      [last](const auto& entry) { return entry.second == last; });
      mover->second = gap;
      hashes_[gap] = hashes_[last];
      rows_[gap] = rows_[last];
    }
    hashes_.pop_back();
    rows_.pop_back();
  }
}

std::size_t Delta::size() const {
  const auto held = lock_.read();
  return hashes_.size();
}

std::size_t Delta::withdrawn() const {
  const auto held = lock_.read();
  return hidden_.size();
}

void Delta::find(const Hash& query, unsigned radius, std::vector<Found>& found) const {
  scan_near(hashes_.data(), static_cast<std::uint32_t>(hashes_.size()), query, radius, found);
}

}  // namespace safelight::hamming
