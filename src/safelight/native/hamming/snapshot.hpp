// An immutable file of hashes: built once, mapped by every process, searched by any number of threads.
//
// Costs: 132 bytes a unique hash with one row, 4 MiB of directories; opening does not depend on the size; a
// search at radius 31 of 10 M hashes reads some 130 kB of the 1.3 GB.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "build.hpp"
#include "index_file.hpp"
#include "layout.hpp"
#include "postings.hpp"
#include "search.hpp"

namespace safelight::hamming {

// Below so many unique hashes a scan is quicker than any table, and the file does without them.
constexpr std::uint64_t kScanBelow = 8192;

// Builds the file of `count` hashes (32 bytes each, as written) and their rows (below 2^63), in any order.
// The same records, key and stamp give the same bytes. Throws SystemError (a full disk among others),
// std::invalid_argument, or what `options.progress` throws; then the file at `options.path` is as before.
BuildStats build_snapshot(const std::uint8_t* hashes, const std::uint64_t* rows, std::uint64_t count,
                          const Key& key, const BuildOptions& options, std::uint64_t scan_below = kScanBelow);

class Snapshot {
 public:
  Snapshot(const std::string& path, const Key& key);

  const IndexFile& file() const { return file_; }
  const Layout& layout() const { return layout_; }
  std::uint64_t size() const { return stored_.count; }

  // The stored hashes within the radius, as positions for append_rows. `query` is in stored form.
  // Throws Damaged if the search came upon something impossible.
  void find(const Hash& query, unsigned radius, Plan, std::vector<Found>&) const;
  Touched touched_by(const Hash& query, unsigned radius) const {
    return hamming::touched_by(stored_, query, radius);
  }
  void append_rows(std::uint32_t position, std::vector<std::uint64_t>& rows) const {
    postings_.append_rows(position, rows);
  }

 private:
  Layout layout_;
  IndexFile file_;
  Stored stored_;
  Postings postings_;
};

}  // namespace safelight::hamming
