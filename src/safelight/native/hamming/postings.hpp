// From a unique value to the rows that have it: one row costs eight bytes, more cost eight each and eight.
#pragma once

#include <cstdint>
#include <vector>

#include "index_file.hpp"
#include "index_writer.hpp"

namespace safelight::hamming {

constexpr std::uint64_t kManyRows = std::uint64_t{1} << 63;   // set: the rest is a place in the overflow
constexpr std::uint64_t kMaxRow = kManyRows - 1;

class PostingsWriter {
 public:
  explicit PostingsWriter(const std::string& beside) : postings_(beside), overflow_(beside) {}

  void add(const std::vector<std::uint64_t>& rows);   // of the next value: ascending, at least one
  std::uint64_t rows() const { return rows_; }
  std::uint64_t values() const { return postings_.size() / sizeof(std::uint64_t); }
  void write(IndexWriter&);

 private:
  Scratch postings_, overflow_;
  std::uint64_t rows_ = 0;
};

class Postings {
 public:
  Postings() = default;
  Postings(const IndexFile&, std::uint64_t values);

  // Appends the rows of one value. Throws Damaged rather than read outside the file.
  void append_rows(std::uint64_t value, std::vector<std::uint64_t>& rows) const;

 private:
  const IndexFile* file_ = nullptr;
  const std::uint64_t* postings_ = nullptr;
  const std::uint64_t* overflow_ = nullptr;
  std::uint64_t overflow_words_ = 0;
};

}  // namespace safelight::hamming
