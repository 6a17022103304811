// The entropy-coded data of a scan without what was stuffed into it, one restart interval after the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/file.hpp"

namespace safelight::image::baseline {

class Entropy {
 public:
  // More than an MCU can take: ten blocks of 64 symbols of 26 bits.
  static constexpr std::size_t kMargin = 4096;

  Entropy(const File& file, std::uint64_t offset);

  // The bytes from `from` on, which is among those given before; null for the first of an interval. At least
  // kMargin of them, fewer only where the interval ends. Behind them are kMargin zeros.
  struct Bytes {
    const std::uint8_t *begin, *end;
  };
  Bytes more(const std::uint8_t* from);

  // After an interval's last byte, which must have been given: whether restart marker `number` (0-7) follows.
  bool restart(int number);

  // Of what there was when it was last asked.
  bool interval_ended() const { return marker_ != 0; }

 private:
  static constexpr std::size_t kChunk = 16 * 1024;

  void read_file();
  void unstuff();

  const File& file_;
  std::uint64_t offset_;
  std::vector<std::uint8_t> raw_, clean_;
  std::size_t raw_at_ = 0, raw_end_ = 0;      // what of raw_ is still to be looked at
  std::size_t clean_end_ = 0;
  int marker_ = 0;                            // behind the interval; kEndOfFile where nothing is
};

}  // namespace safelight::image::baseline
