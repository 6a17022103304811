// Arrays of floats that start on a cache line, so that no vector of a row lies across two.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace safelight::pdq {

class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(std::ptrdiff_t count) : values_(allocate(count)) {  // all zero
    std::fill_n(values_.get(), count, 0.0F);
  }

  float* at(std::ptrdiff_t index) { return values_.get() + index; }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Free {
    void operator()(float* values) const { ::operator delete[](values, kLine); }
  };
  static float* allocate(std::ptrdiff_t count) {
    return static_cast<float*>(::operator new[](static_cast<std::size_t>(count) * sizeof(float), kLine));
  }

  std::unique_ptr<float[], Free> values_;
};

}  // namespace safelight::pdq
