// Sorts (value, row) records of any number in bounded memory and hands them on grouped by value.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "build.hpp"
#include "errors.hpp"
#include "postings.hpp"

namespace safelight::hamming {

// Anonymous memory on huge pages where the system grants them: sorting touches all of it at random.
template <typename T>
class Buffer {
 public:
  explicit Buffer(std::uint64_t count) : bytes_(std::max<std::size_t>(count * sizeof(T), 1)) {
    map_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map_ == MAP_FAILED) throw SystemError(errno, "memory for building an index");
#ifdef MADV_HUGEPAGE
    ::madvise(map_, bytes_, MADV_HUGEPAGE);
#endif
  }
  ~Buffer() { ::munmap(map_, bytes_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  T* data() const { return static_cast<T*>(map_); }

 private:
  void* map_;
  std::size_t bytes_;
};

constexpr std::uint64_t kProgressStep = 1 << 20;   // records between two reports

// Calls sink(value, rows) for each distinct value in ascending order, its rows ascending and distinct.
// `value_of(i)` and `row_of(i)` give record i of `count`; they are asked once more for every `buffer_bytes`
// of records. Records that share the first 16 bits of their value are held at once, whatever their number.
template <typename Value, typename ValueOf, typename RowOf, typename Sink>
void sort_records(std::uint64_t count, ValueOf value_of, RowOf row_of, const BuildOptions& options, Sink sink) {
  struct Record {
    Value value;
    std::uint64_t row;
  };
  constexpr std::size_t kBuckets = 1 << 16;
  const auto bucket_of = [](const Value& value) { return static_cast<std::size_t>(value.words[0] >> 48); };
  const auto total = static_cast<double>(count);

  std::vector<std::uint64_t> sizes(kBuckets);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i % kProgressStep == 0) options.progress("count", static_cast<double>(i) / total);
    if (row_of(i) > kMaxRow) throw std::invalid_argument("rows must be below 2^63");
    ++sizes[bucket_of(value_of(i))];
  }
  const std::uint64_t room = std::max<std::uint64_t>(options.buffer_bytes / sizeof(Record), 1);
  std::vector<std::uint64_t> next(kBuckets), rows;
  double done = 0;
  for (std::size_t first = 0; first < kBuckets;) {
    std::size_t last = first;
    std::uint64_t held = 0;
    while (last < kBuckets && (held == 0 || held + sizes[last] <= room)) {
      next[last] = held;
      held += sizes[last++];
    }
    Buffer<Record> buffer(held);
    Record* const records = buffer.data();
    for (std::uint64_t i = 0; i < count && held > 0; ++i) {
      if (i % kProgressStep == 0) {
        options.progress("sort", (done + static_cast<double>(held) * static_cast<double>(i) / total) / total);
      }
      const Value value = value_of(i);
      const std::size_t bucket = bucket_of(value);
      if (bucket >= first && bucket < last) records[next[bucket]++] = {value, row_of(i)};
    }
    const auto less = [](const Record& a, const Record& b) {
      for (std::size_t w = 0; w < sizeof(Value) / sizeof(std::uint64_t); ++w) {
        if (a.value.words[w] != b.value.words[w]) return a.value.words[w] < b.value.words[w];
      }
      return a.row < b.row;
    };
    std::uint64_t start = 0;
    for (std::size_t bucket = first; bucket < last; ++bucket) {
      if (bucket % 1024 == 0) options.progress("merge", static_cast<double>(bucket) / kBuckets);
      const std::uint64_t stop = start + sizes[bucket];
      std::sort(records + start, records + stop, less);
      while (start < stop) {
        const Value value = records[start].value;
        rows.clear();
        for (; start < stop && records[start].value == value; ++start) {
          if (rows.empty() || rows.back() != records[start].row) rows.push_back(records[start].row);
        }
        sink(value, rows);
      }
    }
    done += static_cast<double>(held);
    first = last;
  }
}

}  // namespace safelight::hamming
