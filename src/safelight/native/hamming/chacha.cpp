// Written out here because the layouts need one block at a time and no cipher library.
#include "chacha.hpp"

#include <cstring>

namespace safelight::hamming {
namespace {

std::uint32_t rotate(std::uint32_t x, int n) { return (x << n) | (x >> (32 - n)); }

void quarter_round(std::uint32_t* s, int a, int b, int c, int d) {
  s[a] += s[b]; s[d] = rotate(s[d] ^ s[a], 16);
  s[c] += s[d]; s[b] = rotate(s[b] ^ s[c], 12);
  s[a] += s[b]; s[d] = rotate(s[d] ^ s[a], 8);
  s[c] += s[d]; s[b] = rotate(s[b] ^ s[c], 7);
}

}  // namespace

ChaChaBlock chacha20_block(const Key& key, const ChaChaInput& input) {
  std::uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  std::memcpy(start + 4, key.data(), key.size());
  std::memcpy(start + 12, input.data(), input.size());
  std::uint32_t state[16];
  std::memcpy(state, start, sizeof state);
  for (int round = 0; round < 10; ++round) {
    quarter_round(state, 0, 4, 8, 12);
    quarter_round(state, 1, 5, 9, 13);
    quarter_round(state, 2, 6, 10, 14);
    quarter_round(state, 3, 7, 11, 15);
    quarter_round(state, 0, 5, 10, 15);
    quarter_round(state, 1, 6, 11, 12);
    quarter_round(state, 2, 7, 8, 13);
    quarter_round(state, 3, 4, 9, 14);
  }
  for (int i = 0; i < 16; ++i) state[i] += start[i];
  ChaChaBlock block;
  std::memcpy(block.data(), state, sizeof state);
  return block;
}

}  // namespace safelight::hamming
