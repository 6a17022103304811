// One file in, the messages of replies.hpp out.
#pragma once

#include <cstdint>

#include "image/replies.hpp"

namespace safelight::image {

// Decodes and hashes the still picture in `fd` (borrowed; read by position). A picture whose header declares
// more than `max_pixels` pixels is refused before anything is allocated for it. Ends with the end message and
// returns whether every message went out. Throws nothing.
bool hash_file(int fd, std::uint64_t max_pixels, const Replies::Send&) noexcept;

}  // namespace safelight::image
