// Exact values (digests and other hashes that only equality counts for): the same file, found by equality.
//
// Costs: 24 bytes a unique value with one row and about one byte of directory; a look-up reads two far lines.
#pragma once

#include <cstdint>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "answers.hpp"
#include "build.hpp"
#include "fair_lock.hpp"
#include "index_file.hpp"
#include "layout.hpp"
#include "postings.hpp"

namespace safelight::hamming {

// As build_snapshot, for `count` values of `width` bytes (1-32).
BuildStats build_exact(const std::uint8_t* values, std::size_t width, const std::uint64_t* rows,
                       std::uint64_t count, const Key& key, const BuildOptions& options);

class ExactSnapshot {
 public:
  ExactSnapshot(const std::string& path, const Key& key, std::size_t width);

  const IndexFile& file() const { return file_; }
  const TagLayout& layout() const { return layout_; }
  void append_rows(const Tag&, std::vector<std::uint64_t>& rows) const;

 private:
  TagLayout layout_;
  IndexFile file_;
  Postings postings_;
  const Tag* tags_;
  const std::uint32_t* starts_;
  std::uint32_t tag_bits_;
};

class ExactDelta {
 public:
  ExactDelta(const Key& key, std::size_t width) : layout_(key, width) {}

  void add(const std::uint8_t* values, const std::uint64_t* rows, std::size_t count);
  void withdraw(const std::uint64_t* rows, std::size_t count);
  std::size_t size() const;
  std::size_t withdrawn() const;
  const TagLayout& layout() const { return layout_; }

  // What follows needs the lock held by the caller.
  std::shared_lock<std::shared_mutex> read() const { return lock_.read(); }
  void append_rows(const Tag&, std::vector<std::uint64_t>& rows) const;
  bool hides(std::uint64_t row) const { return !hidden_.empty() && hidden_.count(row) != 0; }

 private:
  struct TagHash {
    std::size_t operator()(const Tag& tag) const { return tag.words[0]; }
  };

  TagLayout layout_;
  FairLock lock_;
  std::unordered_multimap<Tag, std::uint64_t, TagHash> rows_;
  std::unordered_multimap<std::uint64_t, Tag> tags_;   // of a row
  std::unordered_set<std::uint64_t> hidden_;
};

// As search() of hashes; rows ascending, all distances 0.
void search_exact(const ExactSnapshot*, const ExactDelta*, const std::uint8_t* value, std::size_t width,
                  std::size_t cap, Answers&);

}  // namespace safelight::hamming
