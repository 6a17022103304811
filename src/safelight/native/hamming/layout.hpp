// The keyed disguise under which listed values are stored: obfuscation beside disk encryption, not encryption.
//
// Hashes: a secret permutation of the 256 bits and a secret mask. Distances stay what they were; bits that are
// skewed or alike (PDQ's neighbours are) spread over all chunks, which keeps buckets even. Whoever knows some
// listed hashes and holds the file can recover the permutation; whoever only holds the file cannot read a list.
// Exact values: a keyed pseudo-random function to 128 bits, which cannot be turned back without the key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "chacha.hpp"
#include "hash.hpp"

namespace safelight::hamming {

using KeyCheck = std::array<std::uint8_t, 16>;

class Layout {
 public:
  explicit Layout(const Key&);

  // 32 bytes as the signal is written (byte 0 = first two hexadecimal digits) to what the index stores.
  Hash apply(const std::uint8_t* bytes) const {
    Hash hash = mask_;
    for (unsigned i = 0; i < 32; ++i) {
      const Hash& low = table_[2 * i][bytes[i] & 15];
      const Hash& high = table_[2 * i + 1][bytes[i] >> 4];
      for (int w = 0; w < 4; ++w) hash.words[w] ^= low.words[w] ^ high.words[w];
    }
    return hash;
  }

  // Tells two keys apart without revealing either; stored in every index file.
  const KeyCheck& key_check() const { return check_; }

 private:
  std::array<std::array<Hash, 16>, 64> table_{};   // where the four bits of each half-byte go: 32 KiB
  Hash mask_{};
  KeyCheck check_{};
};

struct Tag {
  std::uint64_t words[2];

  bool operator==(const Tag& other) const { return words[0] == other.words[0] && words[1] == other.words[1]; }
  bool operator<(const Tag& other) const {
    return words[0] != other.words[0] ? words[0] < other.words[0] : words[1] < other.words[1];
  }
};
static_assert(sizeof(Tag) == 16);

constexpr std::size_t kMaxValueBytes = 32;

// Exact values of one width (1-32 bytes) to 128-bit tags. Among a billion values the chance that any two
// share a tag is below 2^-68, so that equal tags are taken as equal values.
class TagLayout {
 public:
  TagLayout(const Key&, std::size_t width);

  Tag apply(const std::uint8_t* bytes) const;
  const KeyCheck& key_check() const { return check_; }
  std::size_t width() const { return width_; }

 private:
  Key key_{};
  KeyCheck check_{};
  std::size_t width_;
};

}  // namespace safelight::hamming
