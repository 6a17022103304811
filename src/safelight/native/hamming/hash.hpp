// A 256-bit hash as the engine holds it, and how it is cut into the sixteen chunks of the search tables.
#pragma once

#include <cstdint>
#include <cstring>

namespace safelight::hamming {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "index files are little-endian and mapped as they are");

constexpr unsigned kBits = 256;
constexpr unsigned kChunks = 16;
constexpr unsigned kChunkBits = 16;

struct Hash {
  std::uint64_t words[4];

  bool operator==(const Hash& other) const { return std::memcmp(words, other.words, sizeof words) == 0; }
};
static_assert(sizeof(Hash) == 32);

// Chunk 0 is the most significant part of word 0, so that hashes sorted by their words are sorted by chunk 0.
__attribute__((always_inline)) inline std::uint32_t chunk(const Hash& hash, unsigned j) {
  return static_cast<std::uint16_t>(hash.words[j >> 2] >> (48 - 16 * (j & 3)));
}

// Always inlined, so that it uses the population count of whichever instruction set its caller is built for.
__attribute__((always_inline)) inline unsigned distance(const Hash& a, const Hash& b) {
  unsigned total = 0;
  for (int i = 0; i < 4; ++i) {
    total += static_cast<unsigned>(__builtin_popcountll(a.words[i] ^ b.words[i]));
  }
  return total;
}

}  // namespace safelight::hamming
