// The order matters: what needs a right comes before the wall that takes it away; seccomp is the last.
#include "confine/confine.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <system_error>

namespace safelight::confine {

namespace {

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444  // the same on every architecture
#define __NR_landlock_restrict_self 446
#endif
#ifndef __NR_close_range
#define __NR_close_range 436
#endif

// linux/landlock.h of kernel 6.12, since older headers lack the later fields.
struct LandlockRuleset {
  std::uint64_t handled_access_fs, handled_access_net, scoped;
};
constexpr unsigned kLandlockVersion = 1;
constexpr std::uint64_t kScopeAbstractUnixSocket = 1, kScopeSignal = 2;

constexpr int kOutOfTheWay = 10;  // descriptors kept for later must not be where kFileFd and kReplyFd go

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

int landlock_ruleset(int abi, bool scoping) {
  LandlockRuleset rules{};
  rules.handled_access_fs = (1U << 13) - 1;
  if (abi >= 2) rules.handled_access_fs |= 1U << 13;  // refer
  if (abi >= 3) rules.handled_access_fs |= 1U << 14;  // truncate
  if (abi >= 5) rules.handled_access_fs |= 1U << 15;  // ioctl on devices
  if (abi >= 4) rules.handled_access_net = 3;         // bind and connect TCP
  if (abi >= 6 && scoping) rules.scoped = kScopeAbstractUnixSocket | kScopeSignal;
  const std::size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  return static_cast<int>(syscall(__NR_landlock_create_ruleset, &rules, size, 0));
}

int moved_out_of_the_way(int fd) {
  if (fd < 0) return fd;
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, kOutOfTheWay);
  close(fd);
  return moved;
}

// What the calling process maps, in bytes; 0 if that cannot be read.
std::uint64_t mapped(int statm) noexcept {
  char text[64];
  const ssize_t got = pread(statm, text, sizeof text - 1, 0);
  if (got <= 0) return 0;
  text[got] = '\0';
  return std::strtoull(text, nullptr, 10) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

bool limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) noexcept {
  rlimit present{};
  if (getrlimit(resource, &present) != 0) return false;
  const rlimit wanted{std::min(soft, present.rlim_max), std::min(hard, present.rlim_max)};
  return setrlimit(resource, &wanted) == 0;
}

bool give_up_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return syscall(__NR_capset, &header, none) == 0;
}

bool close_above_reply() noexcept {
  if (syscall(__NR_close_range, kReplyFd + 1, ~0U, 0) == 0) return true;
  rlimit files{};
  if (errno != ENOSYS || getrlimit(RLIMIT_NOFILE, &files) != 0) return false;
  for (rlim_t fd = kReplyFd + 1; fd < files.rlim_cur; ++fd) close(static_cast<int>(fd));
  return true;
}

}  // namespace

int landlock_abi() {
  const long abi = syscall(__NR_landlock_create_ruleset, nullptr, 0, kLandlockVersion);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

bool seccomp_available() {
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return SyscallFilter::supported() && syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

Barrier::Barrier(const Confinement& confinement) : confinement_(confinement) {
  statm_ = moved_out_of_the_way(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  if (mapped(statm_) == 0) fail("reading /proc/self/statm, to limit memory (is /proc mounted?)");
  if (confinement.seccomp && seccomp_available()) filter_ = SyscallFilter(confinement.threads);
  if (const int abi = landlock_abi(); confinement.landlock && abi > 0) {
    ruleset_ = moved_out_of_the_way(landlock_ruleset(abi, confinement.landlock_scoping));
    if (ruleset_ < 0) fail("making a Landlock ruleset");
    abi_ = abi;
  }
}

Barrier::~Barrier() {
  if (statm_ >= 0) close(statm_);
  if (ruleset_ >= 0) close(ruleset_);
}

void Barrier::drop_privileges() {
  if (geteuid() == 0) {
    const uid_t uid = confinement_.uid;
    const gid_t gid = confinement_.gid;
    // In a user namespace that maps root alone there is nobody to become; the self-test reports uid 0.
    const bool possible = setgroups(0, nullptr) == 0 && setresgid(gid, gid, gid) == 0;
    if (possible && setresuid(uid, uid, uid) != 0) fail("becoming nobody");
    dropped_ = possible;
  }
  if (!give_up_capabilities()) fail("giving up capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("setting no_new_privs");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fail("becoming non-dumpable");
  if (dropped_ && (setuid(0) == 0 || getuid() == 0)) {
    errno = EPERM;
    fail("root came back after it was given up");
  }
}

Walls Barrier::walls() const {
  return {abi_, abi_ >= 6 && confinement_.landlock_scoping, !filter_.empty(), dropped_};
}

const char* Barrier::enter(pid_t parent, const Budget& budget, int file, int reply) noexcept {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return "dying with the parent";
  if (getppid() != parent) return "finding its parent alive";
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return "becoming non-dumpable";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "setting no_new_privs";
  if (dropped_ && (getuid() != confinement_.uid || geteuid() != confinement_.uid)) return "being nobody";

  const std::uint64_t held = mapped(statm_);
  if (held == 0) return "reading its memory map";
  if (ruleset_ >= 0 && syscall(__NR_landlock_restrict_self, ruleset_, 0) != 0) return "entering Landlock";

  const int file_aside = fcntl(file, F_DUPFD_CLOEXEC, kOutOfTheWay);
  const int reply_aside = fcntl(reply, F_DUPFD_CLOEXEC, kOutOfTheWay);
  if (file_aside < 0 || reply_aside < 0 || dup2(file_aside, kFileFd) < 0 || dup2(reply_aside, kReplyFd) < 0 ||
      !close_above_reply()) {
    return "arranging its descriptors";
  }

  const rlim_t cpu = budget.cpu_seconds;
  const rlim_t tasks = confinement_.threads ? confinement_.tasks : 0;
  if (!limit(RLIMIT_AS, held + budget.memory, held + budget.memory) || !limit(RLIMIT_CPU, cpu, cpu + 1) ||
      !limit(RLIMIT_FSIZE, 0, 0) || !limit(RLIMIT_CORE, 0, 0) || !limit(RLIMIT_MEMLOCK, 0, 0) ||
      !limit(RLIMIT_NPROC, tasks, tasks) ||
      !limit(RLIMIT_NOFILE, confinement_.nofile, confinement_.nofile)) {
    return "setting resource limits";
  }
  if (!filter_.empty() && !filter_.load()) return "entering seccomp";
  return nullptr;
}

}  // namespace safelight::confine
