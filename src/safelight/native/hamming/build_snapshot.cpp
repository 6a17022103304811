// Builds table by table, so that memory is bounded by the buffer and not by the number of hashes.
#include <algorithm>
#include <array>
#include <memory>

#include "index_writer.hpp"
#include "snapshot.hpp"
#include "sort_records.hpp"

namespace safelight::hamming {
namespace {

constexpr std::size_t kChunkValues = 1 << kChunkBits;
constexpr unsigned kFineValues = 256;   // of a chunk's values, told apart in the second of two sorting steps

using Directories = std::vector<std::array<std::uint32_t, kChunkValues + 1>>;

// A member of a table on its way to its place: position, next chunk, and the low half of its own chunk.
struct Member {
  std::uint32_t position;
  std::uint16_t fragment;
  std::uint16_t fine;
};
static_assert(sizeof(Member) == 8);
constexpr std::size_t kMemberBytes = sizeof(Member) + sizeof(std::uint32_t) + sizeof(std::uint16_t);

class TableWriter {
 public:
  TableWriter(IndexWriter& writer, const Hash* hashes, std::uint32_t n, const BuildOptions& options)
      : writer_(writer), hashes_(hashes), n_(n), options_(options) {}

  // Two counting sorts, by the high and then by the low half of the chunk, keep every step within the caches;
  // one sort over 65,536 places takes five times as long.
  void write(unsigned table, const std::array<std::uint32_t, kChunkValues + 1>& directory) {
    table_ = table;
    const std::size_t section = writer_.begin(of_table(Kind::kDirectory, table), sizeof directory);
    writer_.append(section, directory.data(), sizeof directory);
    writer_.end(section);
    const std::size_t fragments = writer_.begin(of_table(Kind::kFragments, table), std::uint64_t{2} * n_);
    const std::size_t ids = table == 0 ? 0 : writer_.begin(of_table(Kind::kIds, table), std::uint64_t{4} * n_);

    const auto start_of = [&](unsigned group) { return directory[std::size_t{group} * kFineValues]; };
    const std::uint64_t room = std::max<std::uint64_t>(options_.buffer_bytes / kMemberBytes, 1);
    for (unsigned first = 0; first < kFineValues;) {
      unsigned last = first + 1;
      while (last < kFineValues && start_of(last + 1) - start_of(first) <= room) ++last;
      const std::uint32_t base = start_of(first), held = start_of(last) - base;
      if (!buffer_ || capacity_ < held) {
        buffer_.reset();
        buffer_ = std::make_unique<Buffer<Member>>(held);
        capacity_ = held;
      }
      std::array<std::uint32_t, kFineValues> next{};
      for (unsigned group = first; group < last; ++group) next[group] = start_of(group) - base;
      if (held > 0) gather(first, last, next);
      for (unsigned group = first; group < last; ++group) {
        const Member* members = buffer_->data() + (start_of(group) - base);
        place(members, &directory[std::size_t{group} * kFineValues]);
        writer_.append(fragments, fragment_.data(), fragment_.size() * sizeof(std::uint16_t));
        if (table != 0) writer_.append(ids, id_.data(), id_.size() * sizeof(std::uint32_t));
      }
      first = last;
    }
    writer_.end(fragments);
    if (table != 0) writer_.end(ids);
  }

 private:
  void gather(unsigned first, unsigned last, std::array<std::uint32_t, kFineValues>& next) {
    Member* const members = buffer_->data();
    const unsigned following = (table_ + 1) % kChunks;
    for (std::uint32_t i = 0; i < n_; ++i) {
      if (i % kProgressStep == 0) {
        options_.progress("tables", (table_ + static_cast<double>(i) / n_) / kChunks);
      }
      const std::uint32_t own = chunk(hashes_[i], table_);
      const std::uint32_t group = own >> 8;
      if (group < first || group >= last) continue;
      members[next[group]++] = {i, static_cast<std::uint16_t>(chunk(hashes_[i], following)),
                                static_cast<std::uint16_t>(own & 255)};
    }
  }

  void place(const Member* members, const std::uint32_t* starts) {
    const std::uint32_t count = starts[kFineValues] - starts[0];
    std::array<std::uint32_t, kFineValues> next;
    for (unsigned v = 0; v < kFineValues; ++v) next[v] = starts[v] - starts[0];
    fragment_.resize(count);
    id_.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t to = next[members[i].fine]++;
      fragment_[to] = members[i].fragment;
      id_[to] = members[i].position;
    }
  }

  IndexWriter& writer_;
  const Hash* hashes_;
  std::uint32_t n_;
  const BuildOptions& options_;
  unsigned table_ = 0;
  std::unique_ptr<Buffer<Member>> buffer_;
  std::uint32_t capacity_ = 0;
  std::vector<std::uint16_t> fragment_;
  std::vector<std::uint32_t> id_;
};

void add_up(std::array<std::uint32_t, kChunkValues + 1>& counts) {   // counts to starts
  std::uint32_t sum = 0;
  for (std::uint32_t& entry : counts) {
    const std::uint32_t here = entry;
    entry = sum;
    sum += here;
  }
}

}  // namespace

BuildStats build_snapshot(const std::uint8_t* hashes, const std::uint64_t* rows, std::uint64_t count,
                          const Key& key, const BuildOptions& options, std::uint64_t scan_below) {
  if (count > UINT32_MAX) throw std::invalid_argument("an index holds at most 4,294,967,295 hashes");
  const auto layout = std::make_unique<Layout>(key);
  IndexWriter writer(options.path);
  PostingsWriter postings(options.path);
  Directories directories(kChunks);
  const std::size_t values = writer.begin(Kind::kValues);
  sort_records<Hash>(
      count, [&](std::uint64_t i) { return layout->apply(hashes + 32 * i); },
      [&](std::uint64_t i) { return rows[i]; }, options,
      [&](const Hash& hash, const std::vector<std::uint64_t>& of_hash) {
        writer.append(values, &hash, sizeof hash);
        postings.add(of_hash);
        for (unsigned j = 0; j < kChunks; ++j) ++directories[j][chunk(hash, j)];
      });
  writer.end(values);
  postings.write(writer);

  Header header{};
  header.content = Content::kHashes;
  header.value_bytes = 32;
  header.unique = postings.values();
  header.rows = postings.rows();
  header.key_check = layout->key_check();
  if (header.unique > 0 && header.unique >= scan_below) {
    const Mapping view = writer.view(values);
    TableWriter tables(writer, reinterpret_cast<const Hash*>(view.data()), static_cast<std::uint32_t>(header.unique),
                       options);
    for (unsigned j = 0; j < kChunks; ++j) {
      add_up(directories[j]);
      tables.write(j, directories[j]);
    }
  }
  options.progress("sync", 0);
  return {header.unique, header.rows, writer.commit(header, options.stamp)};
}

}  // namespace safelight::hamming
