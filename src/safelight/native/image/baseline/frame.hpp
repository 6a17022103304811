// What a baseline JPEG says of itself before its scan: plain values, so that the decoder sees no libjpeg.
#pragma once

#include <cstdint>

#include "image/baseline/huffman.hpp"
#include "image/baseline/kernels.hpp"

namespace safelight::image::baseline {

constexpr int kSide = 8;  // of a block
constexpr int kMostComponents = 3;
constexpr int kMostSampling = 2;
constexpr int kTables = 2;  // of either kind that baseline data may use

struct Component {
  int across = 1, down = 1;                    // blocks in an MCU
  int dc_table = 0, ac_table = 0;
  alignas(32) std::int16_t steps[8 * kStripe];  // of quantisation, as blocks are paired
};

// One scan of all components: luma, with one or two blocks of it either way, or luma alone with one; then two
// of chroma that have one block in an MCU.
struct Frame {
  int width = 0, height = 0;
  int count = 1;  // of components: 1 or 3
  Component components[kMostComponents];
  HuffmanTable dc[kTables], ac[kTables];
  int restart_interval = 0;   // in MCUs; 0 for none
  std::uint64_t data_at = 0;  // where in the file the entropy-coded data begin

  int mcus_across() const { return blocks(width, components[0].across); }
  int mcus_down() const { return blocks(height, components[0].down); }

 private:
  static int blocks(int length, int sampling) { return (length + kSide * sampling - 1) / (kSide * sampling); }
};

}  // namespace safelight::image::baseline
