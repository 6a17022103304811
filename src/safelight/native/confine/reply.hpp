// How a child answers: one JSON object a message, to whoever sent the file.
#pragma once

#include <string_view>

namespace safelight::confine {

// Sends one message of 1 to kMaxMessage bytes on kReplyFd, waiting while the reader is slow (the parent's
// clock bounds that). False when the message is too long or nobody listens any more: the child should leave.
bool send_message(std::string_view json) noexcept;

}  // namespace safelight::confine
