// One message is one packet: SOCK_SEQPACKET keeps the boundaries, so a reader never reassembles anything.
#include "confine/reply.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "confine/warm_parent.hpp"

namespace safelight::confine {

bool send_message(std::string_view json) noexcept {
  if (json.empty() || json.size() > kMaxMessage) return false;
  ssize_t sent;
  do {
    sent = send(kReplyFd, json.data(), json.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(json.size());
}

}  // namespace safelight::confine
