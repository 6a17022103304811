// The bytes of an index file: one header page, then sections, then a checksum for every block of every section.
//
// All numbers are little-endian. The header page and its checksum keep their place in every later version, so
// that an older program can tell "newer" from "damaged". Sections start at multiples of 64 bytes; the gaps
// and the read-ahead after the last section are zero and carry nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout.hpp"

namespace safelight::hamming {

constexpr std::array<char, 8> kMagic = {'S', 'L', 'I', 'N', 'D', 'E', 'X', '\n'};
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kMaxStampBytes = 256;
constexpr std::size_t kMaxSections = 64;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kReadAhead = 64;        // vector kernels may read, never use, this much past a section
constexpr std::size_t kBlockBytes = 4 << 20;  // what one checksum covers; the last block of a section is shorter

enum class Content : std::uint32_t { kHashes = 1, kExactValues = 2 };

enum class Kind : std::uint32_t {
  kValues = 1,      // the unique hashes (32 bytes) or tags (16 bytes), sorted
  kPostings = 2,    // u64 a unique value: its row, or kManyRows + a place in the overflow
  kOverflow = 3,    // u64 count, then as many u64 rows, ascending
  kTagStarts = 4,   // u32 directory over the first bits of the tags
  kChecksums = 5,   // u32 CRC-32C a block, in the order of the sections
  kDirectory = 0x100,   // + table: u32 starts, 65,537 of them
  kFragments = 0x200,   // + table: u16 the next chunk of each hash, in bucket order
  kIds = 0x300,         // + table: u32 which hash; table 0 has none, its order is that of the hashes
};

constexpr Kind of_table(Kind kind, unsigned table) {
  return static_cast<Kind>(static_cast<std::uint32_t>(kind) + table);
}

struct Section {
  Kind kind;
  std::uint32_t reserved;
  std::uint64_t offset;
  std::uint64_t length;
};

struct Header {
  std::array<char, 8> magic;
  std::uint32_t checksum;   // CRC-32C of the header page with this field zero
  std::uint32_t version;
  Content content;
  std::uint32_t value_bytes;   // width of the values asked for: 32 for hashes, 1-32 for exact values
  std::uint64_t file_bytes;
  std::uint64_t unique;
  std::uint64_t rows;
  KeyCheck key_check;
  std::uint32_t checksums_checksum;   // CRC-32C of the section of checksums
  std::uint32_t tag_bits;             // how many leading bits of a tag the directory tells apart
  std::uint32_t stamp_bytes;
  std::uint32_t sections;
  std::array<std::uint8_t, kMaxStampBytes> stamp;
  std::array<Section, kMaxSections> section;
  std::array<std::uint8_t, 2224> unused;
};
static_assert(sizeof(Section) == 24);
static_assert(sizeof(Header) == kHeaderBytes);

}  // namespace safelight::hamming
