// A single-threaded warm parent that forks one confined child a file, on request over a Unix socket.
//
// Requests arrive as one SOCK_SEQPACKET message on a control socket: a `Request` header, then `payload` bytes
// for the handler, with two descriptors attached (SCM_RIGHTS): the file, opened read-only, and the reply
// socket (SOCK_SEQPACKET). The child writes reply messages to it; each is one JSON object of at most
// kMaxMessage bytes, the last of them {"end": ...}. If the child dies before its end, the parent writes
// {"failed": {"reason": "timeout" | "out_of_memory" | "crashed", "detail": "..."}} to the same socket.
// A parent whose control sockets are all closed leaves; children die with their parent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "confine/confine.hpp"

namespace safelight::confine {

constexpr std::uint32_t kMagic = 0x5afe'1197;
constexpr std::uint32_t kProtocol = 1;
constexpr std::size_t kMaxMessage = 60'000;
constexpr int kFileFd = 3;    // in the child: the file to read; every other descriptor is closed
constexpr int kReplyFd = 4;   // in the child: the reply socket

#pragma pack(push, 1)
struct Request {            // little-endian, 48 bytes
  std::uint32_t magic, protocol;
  std::uint32_t wall_ms;    // from fork to kill
  std::uint32_t cpu_s;      // RLIMIT_CPU
  std::uint64_t memory;     // RLIMIT_AS of the child, bytes above what the parent itself maps
  std::uint64_t max_pixels; // a picture or frame that declares more is refused before allocation
  std::uint32_t max_parts;  // frames, pages
  std::uint32_t flags;
  std::uint32_t payload_size;
  std::uint32_t reserved;
};
#pragma pack(pop)

// Runs in the child, after confinement. Returns the exit code; 0 promises that the end message was written.
using Handler = std::function<int(const Request&, std::string_view payload)>;

struct ParentOptions {
  std::vector<int> control;   // connected SOCK_SEQPACKET sockets
  int listen = -1;            // or a listening one
  int max_children = 64;      // more requests wait in the socket
  Confinement confinement;    // what each child is put under
  std::function<void()> after_fork_in_child = [] {};  // PyOS_AfterFork_Child for Python parents
};

int run_warm_parent(const ParentOptions&, const Handler&);

}  // namespace safelight::confine
