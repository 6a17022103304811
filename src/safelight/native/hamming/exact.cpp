// Tags are spread evenly by their key, so that a directory over their first bits leads to a handful of them.
#include "exact.hpp"

#include <algorithm>
#include <stdexcept>

#include "index_writer.hpp"
#include "sort_records.hpp"

namespace safelight::hamming {
namespace {

constexpr std::uint64_t kTagsPerStart = 4;
constexpr std::uint32_t kMaxTagBits = 28;

std::uint64_t prefix(const Tag& tag, std::uint32_t bits) { return bits == 0 ? 0 : tag.words[0] >> (64 - bits); }

std::uint32_t bits_for(std::uint64_t unique) {
  std::uint32_t bits = 0;
  while (bits < kMaxTagBits && (kTagsPerStart << (bits + 1)) <= unique) ++bits;
  return bits;
}

void write_starts(IndexWriter& writer, const Tag* tags, std::uint32_t n, std::uint32_t bits) {
  const std::uint64_t values = std::uint64_t{1} << bits;
  const std::size_t section = writer.begin(Kind::kTagStarts, (values + 1) * sizeof(std::uint32_t));
  std::uint32_t i = 0;
  for (std::uint64_t value = 0; value <= values; ++value) {
    while (i < n && prefix(tags[i], bits) < value) ++i;
    writer.append(section, &i, sizeof i);
  }
  writer.end(section);
}

}  // namespace

BuildStats build_exact(const std::uint8_t* values, std::size_t width, const std::uint64_t* rows,
                       std::uint64_t count, const Key& key, const BuildOptions& options) {
  if (count > UINT32_MAX) throw std::invalid_argument("an index holds at most 4,294,967,295 values");
  const TagLayout layout(key, width);
  IndexWriter writer(options.path);
  PostingsWriter postings(options.path);
  const std::size_t tags = writer.begin(Kind::kValues);
  sort_records<Tag>(
      count, [&](std::uint64_t i) { return layout.apply(values + width * i); },
      [&](std::uint64_t i) { return rows[i]; }, options,
      [&](const Tag& tag, const std::vector<std::uint64_t>& of_tag) {
        writer.append(tags, &tag, sizeof tag);
        postings.add(of_tag);
      });
  writer.end(tags);
  postings.write(writer);

  Header header{};
  header.content = Content::kExactValues;
  header.value_bytes = static_cast<std::uint32_t>(width);
  header.unique = postings.values();
  header.rows = postings.rows();
  header.key_check = layout.key_check();
  header.tag_bits = bits_for(header.unique);
  {
    const Mapping view = writer.view(tags);
    write_starts(writer, reinterpret_cast<const Tag*>(view.data()), static_cast<std::uint32_t>(header.unique),
                 header.tag_bits);
  }
  options.progress("sync", 0);
  return {header.unique, header.rows, writer.commit(header, options.stamp)};
}

ExactSnapshot::ExactSnapshot(const std::string& path, const Key& key, std::size_t width)
    : layout_(key, width),
      file_(path, Content::kExactValues, layout_.key_check()),
      postings_(file_, file_.header().unique),
      tags_(file_.array<Tag>(Kind::kValues, file_.header().unique)),
      tag_bits_(file_.header().tag_bits) {
  if (tag_bits_ > kMaxTagBits) file_.damaged("its directory is impossible");
  starts_ = file_.array<std::uint32_t>(Kind::kTagStarts, (std::uint64_t{1} << tag_bits_) + 1);
}

void ExactSnapshot::append_rows(const Tag& tag, std::vector<std::uint64_t>& rows) const {
  const std::uint64_t value = prefix(tag, tag_bits_);
  const std::uint32_t start = starts_[value], stop = starts_[value + 1];
  if (start > stop || stop > file_.header().unique) file_.damaged("its directory points outside it");
  const Tag* found = std::lower_bound(tags_ + start, tags_ + stop, tag);
  if (found != tags_ + stop && *found == tag) postings_.append_rows(static_cast<std::uint64_t>(found - tags_), rows);
}

void ExactDelta::add(const std::uint8_t* values, const std::uint64_t* rows, std::size_t count) {
  if (std::any_of(rows, rows + count, [](std::uint64_t row) { return row > kMaxRow; })) {
    throw std::invalid_argument("rows must be below 2^63");
  }
  std::vector<Tag> tags(count);
  for (std::size_t i = 0; i < count; ++i) tags[i] = layout_.apply(values + layout_.width() * i);
  const auto held = lock_.write();
  for (std::size_t i = 0; i < count; ++i) {
    rows_.emplace(tags[i], rows[i]);
    tags_.emplace(rows[i], tags[i]);
  }
}

void ExactDelta::withdraw(const std::uint64_t* rows, std::size_t count) {
  const auto held = lock_.write();
  for (std::size_t i = 0; i < count; ++i) {
    hidden_.insert(rows[i]);
    const auto tags = tags_.equal_range(rows[i]);
    for (auto it = tags.first; it != tags.second; ++it) {
      const auto same = rows_.equal_range(it->second);
      const auto entry = std::find_if(same.first, same.second, [&](const auto& e) { return e.second == rows[i]; });
      rows_.erase(entry);
    }
    tags_.erase(tags.first, tags.second);
  }
}

std::size_t ExactDelta::size() const {
  const auto held = lock_.read();
  return rows_.size();
}

std::size_t ExactDelta::withdrawn() const {
  const auto held = lock_.read();
  return hidden_.size();
}

void ExactDelta::append_rows(const Tag& tag, std::vector<std::uint64_t>& rows) const {
  const auto same = rows_.equal_range(tag);
  for (auto it = same.first; it != same.second; ++it) rows.push_back(it->second);
}

void search_exact(const ExactSnapshot* snapshot, const ExactDelta* delta, const std::uint8_t* value,
                  std::size_t width, std::size_t cap, Answers& answers) {
  if (snapshot == nullptr && delta == nullptr) throw std::invalid_argument("nothing to search");
  const TagLayout& layout = snapshot != nullptr ? snapshot->layout() : delta->layout();
  if (snapshot != nullptr && delta != nullptr && delta->layout().key_check() != layout.key_check()) {
    throw std::invalid_argument("the snapshot and the delta have different keys or widths");
  }
  if (layout.width() != width) {
    throw std::invalid_argument("this index holds values of " + std::to_string(layout.width()) + " bytes");
  }
  thread_local std::vector<std::uint64_t> rows;
  rows.clear();
  const Tag tag = layout.apply(value);
  if (snapshot != nullptr) snapshot->append_rows(tag, rows);
  if (delta != nullptr) {
    const auto held = delta->read();
    rows.erase(std::remove_if(rows.begin(), rows.end(), [&](auto row) { return delta->hides(row); }), rows.end());
    delta->append_rows(tag, rows);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  const std::size_t taken = std::min(cap, rows.size());
  answers.rows.insert(answers.rows.end(), rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(taken));
  answers.distances.insert(answers.distances.end(), taken, std::uint16_t{0});
  answers.offsets.push_back(static_cast<std::int64_t>(answers.rows.size()));
  answers.capped.push_back(rows.size() > cap);
}

}  // namespace safelight::hamming
