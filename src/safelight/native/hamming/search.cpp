// Multi-index hashing (Norouzi, Punjani and Fleet, 2014) over sixteen chunks with the pigeonring filter.
//
// For radius 31 each chunk is probed at distance 0 and 1: 272 groups. Looking a group's fragments through is
// one sequential pass over two bytes a member, and lets about one in 370 reach the far reads of its hash.
#include "search.hpp"

#include <algorithm>

namespace safelight::hamming {
namespace {

// Costs in nanoseconds, set so that at 10 M hashes the choice changes between radius 68 and 72, where measured
// times cross (AVX-512 server). They only choose between two exact ways: being off costs time near the border.
constexpr double kProbeCost = 8;
constexpr double kMemberCost = 0.08;
constexpr double kSurvivorCost = 30;
constexpr double kScanCost = 2.5;

constexpr std::uint32_t kScanStep = 4096;       // hashes between two looks at the room for results
constexpr std::uint32_t kBatchMembers = 1 << 16;

// All 16-bit masks of at most `bits` bits, in ascending order, so that neighbours in the directory are read
// together.
std::vector<std::uint16_t> masks_up_to(int bits) {
  std::vector<std::uint16_t> masks;
  for (unsigned mask = 0; mask < 1u << kChunkBits; ++mask) {
    if (__builtin_popcount(mask) <= bits) masks.push_back(static_cast<std::uint16_t>(mask));
  }
  return masks;
}

const std::vector<std::uint16_t>& masks(unsigned bits) {
  static const std::array<std::vector<std::uint16_t>, 5> all = {masks_up_to(0), masks_up_to(1), masks_up_to(2),
                                                                masks_up_to(3), masks_up_to(4)};
  return all[bits];
}

// share[t]: of random 16-bit words, how many differ from a given one by at most t bits.
constexpr std::array<double, kChunkBits + 1> near_shares() {
  std::array<double, kChunkBits + 1> share{};
  double ways = 1, sum = 0;
  for (unsigned t = 0; t <= kChunkBits; ++t) {
    sum += ways;
    share[t] = sum / 65536;
    ways = ways * (kChunkBits - t) / (t + 1);
  }
  return share;
}
constexpr auto kNearShare = near_shares();

struct Workspace {
  std::vector<Probe> probes;
  std::vector<Survivor> survivors;
};

Workspace& workspace() {
  thread_local Workspace instance;
  return instance;
}

Ring make_ring(const Hash& query, unsigned radius) {
  Ring ring{};
  ring.query = query;
  ring.radius = radius;
  const unsigned units = radius + 1;
  for (unsigned j = 0; j < kChunks; ++j) {
    ring.chunks[j] = static_cast<std::uint16_t>(chunk(query, j));
    ring.units[j] = static_cast<std::uint16_t>(units / kChunks + (j < units % kChunks));
  }
  return ring;
}

// Calls visit(table, chunk value) once for every cache line of the directories that the probes read, and
// returns their number.
template <typename Visit>
std::uint64_t directory_lines(const Ring& ring, Visit visit) {
  std::uint64_t lines = 0;
  for (unsigned j = 0; j < kChunks && ring.units[j] > 0; ++j) {
    unsigned last = ~0u;
    for (const std::uint16_t mask : masks(ring.units[j] - 1u)) {
      const unsigned value = ring.chunks[j] ^ mask;
      if (value >> 4 == last) continue;   // sixteen starts to a line
      last = value >> 4;
      visit(j, value);
      ++lines;
    }
  }
  return lines;
}

struct Estimate {
  bool sound = true;
  std::uint64_t probed = 0;   // groups, the empty ones included
  std::uint64_t members = 0;
  double survivors = 0;

  double cost() const {
    return kProbeCost * static_cast<double>(probed) + kMemberCost * static_cast<double>(members) +
           kSurvivorCost * survivors;
  }
};

// Reads the directories: what there is to look through, and how much of it chance would let pass.
Estimate collect_probes(const Stored& stored, const Ring& ring, std::vector<Probe>& probes) {
  Estimate estimate;
  probes.clear();
  for (unsigned j = 0; j < kChunks && ring.units[j] > 0; ++j) {
    const std::uint32_t* directory = stored.tables[j].directory;
    const unsigned both = unsigned{ring.units[j]} + ring.units[(j + 1) % kChunks] - 1;
    const auto& of_chunk = masks(ring.units[j] - 1u);
    estimate.probed += of_chunk.size();
    for (const std::uint16_t mask : of_chunk) {
      const unsigned value = ring.chunks[j] ^ mask;
      const std::uint32_t start = directory[value], stop = directory[value + 1];
      if (start == stop) continue;
      if (start > stop || stop > stored.count) {
        estimate.sound = false;
        continue;
      }
      const unsigned threshold = both - static_cast<unsigned>(__builtin_popcount(mask));
      probes.push_back({start, stop - start, static_cast<std::uint16_t>(j),
                        static_cast<std::uint16_t>(threshold)});
      estimate.members += stop - start;
      estimate.survivors += (stop - start) * kNearShare[std::min(threshold, kChunkBits)];
    }
  }
  return estimate;
}

// Looks the probes through in batches of bounded memory. Returns false, having changed nothing but working
// memory, once more survivors came up than a scan would cost: a cluster that chance did not foresee.
bool follow_probes(const Stored& stored, const Ring& ring, Plan plan, bool& sound, std::vector<Found>& found,
                   std::uint64_t& seen) {
  const Kernels& run = kernels();
  auto& [probes, survivors] = workspace();
  const std::size_t before = found.size();
  const double worth = stored.count * kScanCost / kSurvivorCost;
  bool broken = false;
  for (std::size_t p = 0; p < probes.size();) {
    std::size_t end = p;
    std::uint32_t members = 0;
    while (end < probes.size() && (members == 0 || members + probes[end].length <= kBatchMembers)) {
      members += probes[end++].length;
    }
    if (survivors.size() < members) survivors.resize(members);
    const std::size_t passed =
        run.filter(probes.data() + p, end - p, stored.tables.data(), ring, survivors.data());
    seen += passed;
    if (plan == Plan::kAuto && static_cast<double>(seen) > worth) {
      found.resize(before);
      return false;
    }
    const std::size_t had = found.size();
    found.resize(had + passed);
    found.resize(had + run.verify(survivors.data(), passed, stored.tables.data(), stored.hashes, stored.count,
                                  ring, found.data() + had, &broken));
    p = end;
  }
  sound = sound && !broken;
  return true;
}

}  // namespace

void scan_near(const Hash* hashes, std::uint32_t count, const Hash& query, unsigned radius,
               std::vector<Found>& found) {
  const Kernels& run = kernels();
  for (std::uint32_t first = 0; first < count;) {
    const std::uint32_t last = count - first > kScanStep ? first + kScanStep : count;
    const std::size_t had = found.size();
    found.resize(had + (last - first));
    found.resize(had + run.scan(hashes, first, last, query, radius, found.data() + had));
    first = last;
  }
}

bool find_near(const Stored& stored, const Hash& query, unsigned radius, Plan plan, std::vector<Found>& found) {
  bool sound = true;
  if (plan != Plan::kScan && stored.has_tables && radius <= kMaxTableRadius) {
    const Ring ring = make_ring(query, radius);
    directory_lines(ring, [&](unsigned j, unsigned value) {
      __builtin_prefetch(stored.tables[j].directory + value);
    });
    const Estimate estimate = collect_probes(stored, ring, workspace().probes);
    sound = estimate.sound;
    if (plan == Plan::kTables || estimate.cost() < kScanCost * stored.count) {
      std::uint64_t survivors = 0;
      if (follow_probes(stored, ring, plan, sound, found, survivors)) return sound;
    }
  }
  scan_near(stored.hashes, stored.count, query, radius, found);
  return sound;
}

Touched touched_by(const Stored& stored, const Hash& query, unsigned radius) {
  constexpr std::uint64_t kLine = 64;
  Touched touched;
  bool sound = true;
  std::vector<Found> found;
  if (stored.has_tables && radius <= kMaxTableRadius) {
    const Ring ring = make_ring(query, radius);
    std::vector<Probe>& probes = workspace().probes;
    const Estimate estimate = collect_probes(stored, ring, probes);
    touched.bytes += kLine * directory_lines(ring, [](unsigned, unsigned) {});
    if (estimate.cost() < kScanCost * stored.count) {
      touched.members = estimate.members;
      for (const Probe& probe : probes) {
        const std::uint64_t begin = std::uint64_t{probe.start} * 2, end = begin + std::uint64_t{probe.length} * 2;
        touched.bytes += kLine * ((end - 1) / kLine - begin / kLine + 1);
      }
      const bool done = follow_probes(stored, ring, Plan::kAuto, sound, found, touched.survivors);
      touched.bytes += 2 * kLine * touched.survivors;
      if (done) return touched;
    }
  }
  touched.scanned = stored.count;
  touched.bytes += sizeof(Hash) * touched.scanned;
  return touched;
}

}  // namespace safelight::hamming
