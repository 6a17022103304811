// Which JPEGs our own decoder takes; all others are libjpeg-turbo's.
#pragma once

#include <cstdio>
#include <memory>

#include <jpeglib.h>

#include "image/baseline/frame.hpp"

namespace safelight::image {

// After jpeg_read_header(), which stopped behind the header of the first scan. Null where the picture is not
// what frame.hpp describes, where a table is missing or wrong, or where this machine lacks the instructions.
std::unique_ptr<baseline::Frame> baseline_frame(const jpeg_decompress_struct&);

}  // namespace safelight::image
