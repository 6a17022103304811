// Opening binds the sections of the file to what a search reads; nothing is copied.
#include "snapshot.hpp"

namespace safelight::hamming {

Snapshot::Snapshot(const std::string& path, const Key& key)
    : layout_(key),
      file_(path, Content::kHashes, layout_.key_check()),
      postings_(file_, file_.header().unique) {
  const std::uint64_t n = file_.header().unique;
  stored_.hashes = file_.array<Hash>(Kind::kValues, n);
  stored_.count = static_cast<std::uint32_t>(n);
  stored_.has_tables = file_.has(Kind::kDirectory);
  for (unsigned j = 0; j < kChunks && stored_.has_tables; ++j) {
    Table& table = stored_.tables[j];
    table.directory = file_.array<std::uint32_t>(of_table(Kind::kDirectory, j), (1u << kChunkBits) + 1);
    table.fragments = file_.array<std::uint16_t>(of_table(Kind::kFragments, j), n);
    table.ids = j == 0 ? nullptr : file_.array<std::uint32_t>(of_table(Kind::kIds, j), n);
  }
}

void Snapshot::find(const Hash& query, unsigned radius, Plan plan, std::vector<Found>& found) const {
  if (!find_near(stored_, query, radius, plan, found)) {
    file_.damaged("a search table points outside it");
  }
}

}  // namespace safelight::hamming
