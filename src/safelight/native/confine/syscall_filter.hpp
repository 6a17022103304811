// The system calls that decoding needs, as a classic BPF program for seccomp; everything else is refused.
//
// Refused calls answer EPERM rather than kill: libraries probe for what they can do without (ioctl on a
// descriptor, io_uring, huge pages), a decoder killed for asking is a file that nobody looked at, and one
// confined child can then prove every refusal to `safelight doctor`. Only a call by a foreign ABI (32-bit,
// x32) kills: no honest library makes one, and its numbers would mean other calls.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace safelight::confine {

class SyscallFilter {
 public:
  SyscallFilter() = default;            // empty: nothing is filtered
  explicit SyscallFilter(bool threads);

  static bool supported();  // on this architecture
  bool empty() const { return program_.empty(); }

  // Binds the program to the calling process (its own pid is what tgkill may name) and loads it.
  // Needs no_new_privs. False with errno set when the kernel refuses.
  bool load() noexcept;

 private:
  std::vector<sock_filter> program_;
  std::vector<std::size_t> own_pid_;  // instructions whose constant is the child's pid
};

}  // namespace safelight::confine
