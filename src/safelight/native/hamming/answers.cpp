// Distance by distance, so that a cluster of a million hits costs no more than the cap asks for.
#include "answers.hpp"

#include <algorithm>
#include <array>

namespace safelight::hamming {
namespace {

struct Workspace {
  std::vector<Found> in_snapshot, in_delta, ordered;
  std::vector<std::uint64_t> level;
};

using Starts = std::array<std::uint32_t, kBits + 2>;   // where each distance begins; the end after the last

Starts order_by_distance(std::vector<Found>& found, std::vector<Found>& spare) {
  Starts starts{};
  for (const Found& f : found) ++starts[f.distance + 1];
  for (std::size_t d = 1; d < starts.size(); ++d) starts[d] += starts[d - 1];
  Starts next = starts;
  spare.resize(found.size());
  for (const Found& f : found) spare[next[f.distance]++] = f;
  found.swap(spare);
  return starts;
}

const Layout& common_layout(const Snapshot* snapshot, const Delta* delta) {
  if (snapshot == nullptr && delta == nullptr) throw std::invalid_argument("nothing to search");
  if (snapshot == nullptr) return delta->layout();
  if (delta != nullptr && delta->layout().key_check() != snapshot->layout().key_check()) {
    throw std::invalid_argument("the snapshot and the delta have different keys");
  }
  return snapshot->layout();
}

}  // namespace

void search(const Snapshot* snapshot, const Delta* delta, const std::uint8_t* bytes, unsigned radius,
            std::size_t cap, Plan plan, Answers& answers) {
  if (radius > kBits) throw std::invalid_argument("a radius is 0 to 256 bits");
  thread_local Workspace work;
  const Hash query = common_layout(snapshot, delta).apply(bytes);
  work.in_snapshot.clear();
  work.in_delta.clear();
  if (snapshot != nullptr) snapshot->find(query, radius, plan, work.in_snapshot);
  std::shared_lock<std::shared_mutex> held;
  if (delta != nullptr) {
    held = delta->read();
    delta->find(query, radius, work.in_delta);
  }
  const std::size_t before = answers.rows.size();
  bool capped = false;
  if (!work.in_snapshot.empty() || !work.in_delta.empty()) {
    const Starts of_snapshot = order_by_distance(work.in_snapshot, work.ordered);
    const Starts of_delta = order_by_distance(work.in_delta, work.ordered);
    for (unsigned d = 0; d <= radius && !capped; ++d) {
      std::vector<std::uint64_t>& level = work.level;
      level.clear();
      for (std::uint32_t i = of_snapshot[d]; i < of_snapshot[d + 1]; ++i) {
        snapshot->append_rows(work.in_snapshot[i].position, level);
      }
      if (delta != nullptr) {
        level.erase(std::remove_if(level.begin(), level.end(), [&](auto row) { return delta->hides(row); }),
                    level.end());
        for (std::uint32_t i = of_delta[d]; i < of_delta[d + 1]; ++i) {
          level.push_back(delta->row(work.in_delta[i].position));
        }
      }
      if (level.empty()) continue;
      std::sort(level.begin(), level.end());
      level.erase(std::unique(level.begin(), level.end()), level.end());
      const std::size_t room = cap - (answers.rows.size() - before);
      capped = level.size() > room;
      const std::size_t taken = std::min(room, level.size());
      answers.rows.insert(answers.rows.end(), level.begin(), level.begin() + static_cast<std::ptrdiff_t>(taken));
      answers.distances.insert(answers.distances.end(), taken, static_cast<std::uint16_t>(d));
    }
  }
  answers.offsets.push_back(static_cast<std::int64_t>(answers.rows.size()));
  answers.capped.push_back(capped);
}

}  // namespace safelight::hamming
