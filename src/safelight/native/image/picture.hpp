// One picture's rows on their way into PDQ: straight in, or laid over white and over black where they are
// transparent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "image/reader.hpp"
#include "pdq/pdq.hpp"

namespace safelight::image {

// A hash and what the picture was laid on: "white", "black", or nothing for an opaque one.
struct Hashed {
  const char* over;
  pdq::Result result;
};

class Picture final : public Sink {
 public:
  Picture(const Header&, pdq::Arithmetic);

  void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) override;
  void start_over() override;
  bool any_rows() const { return any_rows_; }

  // One hash of an opaque picture, two of one with a pixel that is not.
  std::vector<Hashed> finish();

 private:
  pdq::Stream stream() const;
  void lay(const std::uint8_t* row);

  Header header_;
  pdq::Arithmetic arithmetic_;
  bool alpha_;
  bool any_rows_ = false;
  bool opaque_ = true;
  pdq::Stream over_white_;
  std::optional<pdq::Stream> over_black_;
  std::vector<std::uint8_t> white_row_;
  std::vector<std::uint8_t> black_row_;
};

}  // namespace safelight::image
