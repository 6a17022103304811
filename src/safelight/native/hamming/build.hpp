// What building an index of either kind has in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace safelight::hamming {

// Called with the phase and the fraction of it that is done (0-1); may throw to stop the build, which then
// leaves nothing behind.
using Progress = std::function<void(const char* phase, double fraction)>;

struct BuildOptions {
  std::string path;
  std::string stamp;                            // at most 256 bytes, kept in the header
  std::size_t buffer_bytes = std::size_t{1} << 30;   // of anonymous memory to sort in, approximately
  Progress progress = [](const char*, double) {};
};

struct BuildStats {
  std::uint64_t unique = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

}  // namespace safelight::hamming
