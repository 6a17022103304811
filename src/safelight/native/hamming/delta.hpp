// The changes since a snapshot: rows added, and rows withdrawn that the snapshot still has.
//
// Costs: a search runs through all added hashes, 32 bytes each; adding and withdrawing take constant time.
#pragma once

#include <cstdint>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fair_lock.hpp"
#include "kernels.hpp"
#include "layout.hpp"

namespace safelight::hamming {

// Many threads may search while one changes it. A withdrawn row is hidden in the snapshot for good; added
// again, it is found under the hash it was added with.
class Delta {
 public:
  explicit Delta(const Key& key) : layout_(key) {}

  void add(const std::uint8_t* hashes, const std::uint64_t* rows, std::size_t count);
  void withdraw(const std::uint64_t* rows, std::size_t count);
  std::size_t size() const;
  std::size_t withdrawn() const;
  const Layout& layout() const { return layout_; }

  // What follows needs the lock held by the caller for as long as the results are used.
  std::shared_lock<std::shared_mutex> read() const { return lock_.read(); }
  void find(const Hash& query, unsigned radius, std::vector<Found>& found) const;   // positions for row()
  std::uint64_t row(std::uint32_t position) const { return rows_[position]; }
  bool hides(std::uint64_t row) const { return !hidden_.empty() && hidden_.count(row) != 0; }

 private:
  void remove(std::uint64_t row);

  Layout layout_;
  FairLock lock_;
  std::vector<Hash> hashes_;
  std::vector<std::uint64_t> rows_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> positions_;   // of a row
  std::unordered_set<std::uint64_t> hidden_;
};

}  // namespace safelight::hamming
