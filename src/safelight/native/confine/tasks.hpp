// What the parent asks /proc about its children, and tells it about itself.
#pragma once

#include <sys/types.h>

namespace safelight::confine {

int count_threads(pid_t) noexcept;   // 0 when that cannot be read: the process has ended, or /proc hides it
void oom_kill_me_first() noexcept;   // the machine is to lose a decoder rather than the server; best effort

}  // namespace safelight::confine
