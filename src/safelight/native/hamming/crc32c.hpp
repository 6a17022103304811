// CRC-32C (Castagnoli, RFC 3720 appendix B.4): finds every flipped bit run in a block, and CPUs compute it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::hamming {

// Continues `crc` (0 to begin) over more bytes.
std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size);

}  // namespace safelight::hamming
