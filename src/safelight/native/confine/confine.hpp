// What a decoder's process is put under: built once in the warm parent, applied in each child after the fork.
//
// Four walls, each of which holds some attacks alone: the user nobody without capabilities (files, other
// users' processes), resource limits (memory, processor time, descriptors, writing), Landlock (files, TCP,
// abstract sockets, signals outside) and seccomp (everything that decoding does not need). Landlock and
// seccomp may be missing on a machine; what is there is applied, and `Barrier` says what that is. A wall that
// is there and cannot be applied stops the child.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>

#include "confine/syscall_filter.hpp"

namespace safelight::confine {

constexpr int kFileFd = 3;   // in the child: the file to read; every other descriptor is closed
constexpr int kReplyFd = 4;  // in the child: the reply socket

struct Confinement {
  bool threads = false;           // the handler's libraries start threads; else no second task at all
  bool landlock = true;           // false only to try what still holds without it
  bool landlock_scoping = true;   // likewise
  bool seccomp = true;            // likewise
  uid_t uid = 65534;              // taken by a parent that runs as root: nobody, nogroup
  gid_t gid = 65534;
  rlim_t nofile = 16;             // descriptors a child may hold, 0-4 included
  rlim_t tasks = 4096;            // RLIMIT_NPROC with threads: a backstop: it counts all of a user's
  int max_threads = 64;           // a child seen with more is killed
};

// What one child may spend.
struct Budget {
  std::uint64_t memory;       // bytes of address space beyond what the parent maps
  std::uint32_t cpu_seconds;
};

// What a machine had to offer, as opposed to what was asked for.
struct Walls {
  int landlock_abi = 0;   // 0: none, or not asked for
  bool scoping = false;   // signals and abstract sockets to the outside are Landlock's to refuse
  bool seccomp = false;
  bool nobody = false;    // root was given up; a parent that never was root has uid != 0 and false here
};

int landlock_abi();        // 0 where the kernel has none or it is switched off
bool seccomp_available();  // filters, on an architecture whose filter we know

class Barrier {
 public:
  // Throws std::system_error where /proc is missing, without which no memory limit can be set.
  explicit Barrier(const Confinement&);
  ~Barrier();
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  // In the parent, once, when everything is loaded: become nobody, give up capabilities and new privileges,
  // let no other process look inside. Throws std::system_error where root cannot be given up cleanly.
  void drop_privileges();

  Walls walls() const;

  // In the child, first thing. `file` becomes kFileFd, `reply` kReplyFd, the rest is closed. Returns nullptr,
  // or the name of the step that failed: the child must then leave.
  const char* enter(pid_t parent, const Budget&, int file, int reply) noexcept;

 private:
  Confinement confinement_;
  SyscallFilter filter_;
  int ruleset_ = -1;
  int statm_ = -1;
  int abi_ = 0;
  bool dropped_ = false;
};

}  // namespace safelight::confine
