#include "image/baseline/kernels.hpp"

#include "cpu.hpp"

#if !defined(__x86_64__)
#include <cstdlib>
#endif

namespace safelight::image::baseline {

#if defined(__x86_64__)

bool kernels_usable() { return isa() >= Isa::kAvx2 && __builtin_cpu_supports("bmi2"); }

#else

// Never called: kernels_usable() says no.
bool kernels_usable() { return false; }
bool read_blocks(Bits&, const Block*, int) { std::abort(); }
bool transform_pair(std::int16_t*, const std::int16_t*, int, std::uint8_t*, std::ptrdiff_t) { std::abort(); }
void sum_rows(const std::uint8_t*, const std::uint8_t*, int, std::int16_t*) { std::abort(); }
void copy_row(const std::uint8_t*, int, std::int16_t*) { std::abort(); }
void colour_h2v2(const std::uint8_t*, const std::int16_t*, const std::int16_t*, int, std::uint8_t*) { std::abort(); }
void colour_h2v1(const std::uint8_t*, const std::int16_t*, const std::int16_t*, int, std::uint8_t*) { std::abort(); }
void colour_h1v1(const std::uint8_t*, const std::uint8_t*, const std::uint8_t*, int, std::uint8_t*) { std::abort(); }

#endif

}  // namespace safelight::image::baseline
