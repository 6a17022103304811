// The ChaCha20 block function (RFC 8439 §2.3), the one source of keyed randomness of the layouts.
#pragma once

#include <array>
#include <cstdint>

namespace safelight::hamming {

using Key = std::array<std::uint8_t, 32>;
using ChaChaInput = std::array<std::uint8_t, 16>;   // block counter and nonce, words 12-15 of the state
using ChaChaBlock = std::array<std::uint8_t, 64>;

// 64 pseudo-random bytes for one key and one 16-byte input.
ChaChaBlock chacha20_block(const Key&, const ChaChaInput&);

}  // namespace safelight::hamming
