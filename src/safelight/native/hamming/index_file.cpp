// Opening is where a wrong, foreign, cut or newer file is refused; nothing of it is searched before.
#include "index_file.hpp"

#include <algorithm>
#include <cstring>

#include "crc32c.hpp"
#include "errors.hpp"

namespace safelight::hamming {
namespace {

constexpr char kRebuild[] = "; the index is derived: rebuild it with `safelight lists compact`";

std::uint64_t blocks_in(std::uint64_t length) { return (length + kBlockBytes - 1) / kBlockBytes; }

}  // namespace

IndexFile::IndexFile(const std::string& path, Content content, const KeyCheck& key)
    : path_(path), map_(Mapping::whole(path)) {
  if (map_.size() < kHeaderBytes) damaged("it is shorter than a header");
  std::memcpy(&header_, map_.data(), sizeof header_);
  check_header(key, content);
  check_sections();
  map_.expect_random();
}

void IndexFile::damaged(const std::string& what) const {
  throw Damaged("index file " + path_ + " is damaged: " + what + kRebuild);
}

void IndexFile::check_header(const KeyCheck& key, Content content) const {
  if (header_.magic != kMagic) damaged("it does not begin as an index file does");
  Header blank = header_;
  blank.checksum = 0;
  if (crc32c(0, &blank, sizeof blank) != header_.checksum) damaged("its header does not fit its checksum");
  if (header_.version > kFormatVersion) {
    throw TooNew("index file " + path_ + " has format " + std::to_string(header_.version) +
                 ", this Safelight reads up to " + std::to_string(kFormatVersion) +
                 "; upgrade, or rebuild the index with `safelight lists compact`");
  }
  if (header_.version != kFormatVersion) damaged("its format version is none that was ever written");
  if (header_.content != content) damaged("it holds another kind of signal than was asked for");
  if (header_.key_check != key) {
    throw WrongKey("index file " + path_ + " was written under another key or for another width of values; " +
                   "use the workspace's own root key" + kRebuild);
  }
}

void IndexFile::check_sections() {
  if (header_.file_bytes != map_.size()) {
    damaged("it has " + std::to_string(map_.size()) + " bytes instead of " + std::to_string(header_.file_bytes));
  }
  if (header_.stamp_bytes > kMaxStampBytes || header_.sections > kMaxSections) damaged("its header is impossible");
  if (header_.unique > UINT32_MAX || header_.rows < header_.unique) damaged("its counts are impossible");
  std::uint64_t end = kHeaderBytes;
  for (std::uint32_t i = 0; i < header_.sections; ++i) {
    const Section& section = header_.section[i];
    if (section.offset < end || section.offset % kAlignment != 0 || section.offset > map_.size() ||
        section.length > map_.size() - section.offset) {
      damaged("a section lies outside it");
    }
    end = section.offset + section.length;
    if (section.kind != Kind::kChecksums) blocks_ += blocks_in(section.length);
  }
  if (map_.size() - end < kReadAhead) damaged("its end is missing");
  const auto* sums = array<std::uint32_t>(Kind::kChecksums, blocks_);
  if (crc32c(0, sums, blocks_ * sizeof *sums) != header_.checksums_checksum) {
    damaged("its checksums do not fit their own checksum");
  }
}

const Section* IndexFile::find(Kind kind) const {
  const Section* last = header_.section.data() + header_.sections;
  const Section* found = std::find_if(header_.section.data(), last,
                                      [kind](const Section& section) { return section.kind == kind; });
  return found == last ? nullptr : found;
}

std::uint64_t IndexFile::length(Kind kind) const {
  const Section* section = find(kind);
  if (section == nullptr) damaged("a section is missing");
  return section->length;
}

const void* IndexFile::bytes(Kind kind, std::uint64_t count, std::size_t size) const {
  const Section* section = find(kind);
  if (section == nullptr || section->length % size != 0 || section->length / size != count) {
    damaged("a section is missing or has the wrong length");
  }
  return map_.data() + section->offset;
}

IndexFile::Verified IndexFile::verify(std::uint64_t first, std::uint64_t count) const {
  const auto* sums = array<std::uint32_t>(Kind::kChecksums, blocks_);
  const std::uint64_t last = count > blocks_ - std::min(first, blocks_) ? blocks_ : first + count;
  std::uint64_t block = 0;
  Verified result{0, std::nullopt};
  for (std::uint32_t i = 0; i < header_.sections && block < last; ++i) {
    const Section& section = header_.section[i];
    if (section.kind == Kind::kChecksums) continue;
    for (std::uint64_t at = 0; at < section.length && block < last; at += kBlockBytes, ++block) {
      if (block < first) continue;
      const std::size_t size = std::min<std::uint64_t>(kBlockBytes, section.length - at);
      ++result.checked;
      if (crc32c(0, map_.data() + section.offset + at, size) != sums[block]) {
        result.first_bad = block;
        return result;
      }
    }
  }
  return result;
}

}  // namespace safelight::hamming
