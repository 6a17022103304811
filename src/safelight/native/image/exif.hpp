// The one thing of EXIF that changes how a picture looks: its orientation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::image {

// Orientation (1-8) from a TIFF structure, with or without the "Exif\0\0" before it: tag 0x0112 of IFD0 (EXIF
// 2.32, section 4.6.4). 1 where there is none or it is not one of the eight. Reads nothing outside `size`.
int exif_orientation(const std::uint8_t* bytes, std::size_t size);

}  // namespace safelight::image
