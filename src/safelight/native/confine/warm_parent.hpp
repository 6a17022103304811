// A single-threaded warm parent that forks one confined child a file, on request over a Unix socket.
//
// Requests arrive as one SOCK_SEQPACKET message on a control socket: a `Request` header, then `payload` bytes
// for the handler, with two descriptors attached (SCM_RIGHTS): the file, opened read-only (or a memfd sealed
// against writing, growing and shrinking), and the reply socket (SOCK_SEQPACKET). The child writes reply
// messages to it; each is one JSON object of at most kMaxMessage bytes, the last of them {"end": ...}. A family
// that unpacks also sends data packets: a NUL, then bytes of the member that {"member": ...} began. If the
// child dies before its end, the parent writes {"failed": {"reason": R, "detail": "..."}} to the same socket,
// where R is "timeout", "out_of_memory", "crashed", "refused" (the request was not one) or "unconfined".
// A child whose reader closes the reply socket is killed. A parent whose inherited control sockets are all
// closed leaves, and so does one that has neither control sockets nor a listener; children die with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "confine/confine.hpp"

namespace safelight::confine {

constexpr std::uint32_t kMagic = 0x5afe'1197;
constexpr std::uint32_t kProtocol = 1;
constexpr std::size_t kMaxMessage = 60'000;
constexpr std::uint32_t kSelfTest = 1;  // Request::flags: try what is forbidden, and say how that went

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
static_assert(sizeof(Request) == 48);

// Exit codes of a child. Any other, and any signal but those of the clocks, is "crashed".
constexpr int kDone = 0;          // the end message was written
constexpr int kOutOfMemory = 121; // also when the handler throws std::bad_alloc
constexpr int kHandlerFailed = 122;
constexpr int kUnconfined = 123;  // a wall could not be put up; the child has said which

// Runs in the child, after confinement. Returns the exit code; 0 promises that the end message was written.
using Handler = std::function<int(const Request&, std::string_view payload)>;

struct ParentOptions {
  std::vector<int> control;   // connected SOCK_SEQPACKET sockets, inherited
  int listen = -1;            // and/or a listening one: of connections, only the owner's and root's are taken
  int max_children = 64;      // more requests wait in the socket
  Confinement confinement;    // what each child is put under
  std::function<void()> before_fork = [] {};           // the three hooks of Python
  std::function<void()> after_fork_in_parent = [] {};
  std::function<void()> after_fork_in_child = [] {};   // before confinement
};

// Reads `--control FD`, `--listen FD`, `--max-children N` and `--without landlock|scoping|seccomp` (for
// trying what the other walls hold) over what `options` says. Throws std::invalid_argument.
void read_options(const std::vector<std::string>& arguments, ParentOptions& options);

// Becomes the warm parent; returns the exit code of the process when there is nobody left to serve. Throws
// std::system_error when it cannot start; from then on standard input and output are /dev/null.
int run_warm_parent(const ParentOptions&, const Handler&);

}  // namespace safelight::confine
