// An allow-list by argument, searched as a balanced tree: the kernel evaluates a new filter once for every
// system call number, so the depth of the program is what each child pays.
#include "confine/syscall_filter.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <stdexcept>

#include "confine/confine.hpp"

namespace safelight::confine {

namespace {

#if defined(__x86_64__)
constexpr bool kSupported = true;
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr bool kSupported = true;
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr bool kSupported = false;
constexpr std::uint32_t kArchitecture = 0;
#endif
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "low() and high() assume it");

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif
constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kAbsent = SECCOMP_RET_ERRNO | ENOSYS;

// What pthread_create asks for; nothing else makes a task that shares all with its maker and has no pid.
constexpr std::uint32_t kThreadMust =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
constexpr std::uint32_t kThreadMay = kThreadMust | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |
                                     CLONE_CHILD_SETTID | CLONE_DETACHED;

// Instructions with named places to jump to; classic BPF jumps forward by at most 255.
class Assembler {
 public:
  using Label = int;
  static constexpr Label kNext = -1;

  Label label() {
    places_.push_back(0);
    return static_cast<Label>(places_.size()) - 1;
  }
  void place(Label label) { places_[static_cast<std::size_t>(label)] = program_.size(); }

  void load(std::size_t offset) { emit(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  void low(std::size_t argument) { load(offsetof(seccomp_data, args) + 8 * argument); }
  void high(std::size_t argument) { load(offsetof(seccomp_data, args) + 8 * argument + 4); }
  void keep(std::uint32_t mask) { emit(BPF_ALU | BPF_AND | BPF_K, mask); }
  void answer(std::uint32_t action) { emit(BPF_RET | BPF_K, action); }

  void equal(std::uint32_t k, Label yes, Label no) { branch(BPF_JEQ, k, yes, no); }
  void at_least(std::uint32_t k, Label yes, Label no) { branch(BPF_JGE, k, yes, no); }
  void any_bit(std::uint32_t k, Label yes, Label no) { branch(BPF_JSET, k, yes, no); }

  std::size_t size() const { return program_.size(); }

  std::vector<sock_filter> finish() {
    for (const auto& [at, yes, no] : branches_) {
      program_[at].jt = distance(at, yes);
      program_[at].jf = distance(at, no);
    }
    return std::move(program_);
  }

 private:
  struct Branch {
    std::size_t at;
    Label yes, no;
  };

  void emit(int code, std::uint32_t k) { program_.push_back({static_cast<std::uint16_t>(code), 0, 0, k}); }
  void branch(int test, std::uint32_t k, Label yes, Label no) {
    branches_.push_back({program_.size(), yes, no});
    emit(BPF_JMP | test | BPF_K, k);
  }
  std::uint8_t distance(std::size_t from, Label label) const {
    if (label == kNext) return 0;
    const std::size_t steps = places_[static_cast<std::size_t>(label)] - from - 1;
    if (steps > 255) throw std::logic_error("the system call filter has grown too long for its jumps");
    return static_cast<std::uint8_t>(steps);
  }

  std::vector<sock_filter> program_;
  std::vector<Branch> branches_;
  std::vector<std::size_t> places_;
};

using Label = Assembler::Label;
constexpr Label kNext = Assembler::kNext;

// Checks of arguments; each ends at `allow` or at `refuse`.
using Check = std::function<void(Assembler&, Label allow, Label refuse)>;

struct Rule {
  std::uint32_t number;
  Check check;  // empty: allowed whatever its arguments
};

Check first_argument_is(std::uint32_t value) {
  return [value](Assembler& a, Label allow, Label refuse) {
    a.low(0);
    a.equal(value, allow, refuse);
  };
}

void null(Assembler& a, std::size_t argument, Label refuse) {
  a.low(argument);
  a.equal(0, kNext, refuse);
  a.high(argument);
  a.equal(0, kNext, refuse);
}

void send_on_reply_only(Assembler& a, Label allow, Label refuse) {
  null(a, 4, refuse);  // no address: only to whom the socket is connected
  a.low(0);
  a.equal(kReplyFd, allow, refuse);
}

void map_without_execution_or_sharing(Assembler& a, Label allow, Label refuse) {
  a.low(2);
  a.any_bit(PROT_EXEC, refuse, kNext);
  a.any_bit(PROT_WRITE, kNext, allow);
  a.low(3);
  a.any_bit(MAP_SHARED, refuse, allow);  // a writable shared mapping would write to the file
}

void protect_without_execution(Assembler& a, Label allow, Label refuse) {
  a.low(2);
  a.any_bit(PROT_EXEC, refuse, allow);
}

// Duplicates and questions only: F_SETFL is shared with the caller, F_SETOWN sends signals to others.
void harmless_fcntl(Assembler& a, Label allow, Label refuse) {
  a.low(1);
  a.equal(F_DUPFD_CLOEXEC, allow, kNext);
  a.equal(F_GETFD, allow, kNext);
  a.equal(F_GETFL, allow, refuse);
}

// fstat() of glibc before 2.39. An absolute path would be looked at too, but only for its metadata.
void stat_of_the_file(Assembler& a, Label allow, Label refuse) {
  a.low(3);
  a.equal(AT_EMPTY_PATH, kNext, refuse);
  a.low(0);
  a.equal(kFileFd, allow, refuse);
}

void read_own_limits(Assembler& a, Label allow, Label refuse) {
  null(a, 2, refuse);  // no new limit
  a.low(0);
  a.equal(0, allow, refuse);  // of no other process
}

void thread_only(Assembler& a, Label allow, Label refuse) {
  a.high(0);
  a.equal(0, kNext, refuse);
  a.low(0);
  a.any_bit(~kThreadMay, refuse, kNext);
  a.keep(kThreadMust);
  a.equal(kThreadMust, allow, refuse);
}

void not_there(Assembler& a, Label, Label) { a.answer(kAbsent); }

std::vector<Rule> rules(bool threads, const Check& own_process_only) {
  std::vector<Rule> all = {
      // Memory.
      {__NR_brk, {}},
      {__NR_munmap, {}},
      {__NR_mremap, {}},
      {__NR_madvise, {}},
      {__NR_mmap, map_without_execution_or_sharing},
      {__NR_mprotect, protect_without_execution},
      // The file and the reply.
      {__NR_pread64, {}},
      {__NR_fstat, {}},
      {__NR_newfstatat, stat_of_the_file},
      {__NR_fcntl, harmless_fcntl},
      {__NR_close, {}},
      {__NR_write, first_argument_is(kReplyFd)},
      {__NR_writev, first_argument_is(kReplyFd)},
      {__NR_sendto, send_on_reply_only},
      // Time, chance, and questions about oneself.
      {__NR_clock_gettime, {}},
      {__NR_clock_getres, {}},
      {__NR_clock_nanosleep, {}},
      {__NR_nanosleep, {}},
      {__NR_gettimeofday, {}},
      {__NR_getrandom, {}},
      {__NR_getpid, {}},
      {__NR_gettid, {}},
      {__NR_getppid, {}},
      {__NR_getuid, {}},
      {__NR_geteuid, {}},
      {__NR_getgid, {}},
      {__NR_getegid, {}},
      {__NR_getrusage, {}},
      {__NR_prlimit64, read_own_limits},
      {__NR_sched_getaffinity, {}},
      {__NR_sched_yield, {}},
      {__NR_getcpu, {}},
      {__NR_sysinfo, {}},
      {__NR_uname, {}},
      {__NR_prctl, first_argument_is(PR_SET_NAME)},
      // Signals to oneself, and the end.
      {__NR_rt_sigaction, {}},
      {__NR_rt_sigprocmask, {}},
      {__NR_rt_sigreturn, {}},
      {__NR_sigaltstack, {}},
      {__NR_tgkill, own_process_only},
      {__NR_restart_syscall, {}},
      {__NR_futex, {}},
      {__NR_exit, {}},
      {__NR_exit_group, {}},
#ifdef __NR_clone3
      {__NR_clone3, not_there},  // its flags lie in memory, where a filter cannot look; glibc falls back
#endif
#ifdef __NR_time
      {__NR_time, {}},
#endif
  };
  if (threads) {
    all.push_back({__NR_clone, thread_only});
    all.push_back({__NR_set_robust_list, {}});
    all.push_back({__NR_membarrier, {}});
#ifdef __NR_rseq
    all.push_back({__NR_rseq, {}});
#endif
  }
  std::sort(all.begin(), all.end(), [](const Rule& a, const Rule& b) { return a.number < b.number; });
  return all;
}

// Each rule in [first, last) by halving; `leaves` are where their checks will be placed.
void search(Assembler& a, const std::vector<Rule>& all, const std::vector<Label>& leaves, std::size_t first,
            std::size_t last, Label refuse) {
  if (last - first == 1) {
    a.equal(all[first].number, leaves[first], refuse);
    return;
  }
  const std::size_t middle = first + (last - first) / 2;
  const Label upper = a.label();
  a.at_least(all[middle].number, upper, kNext);
  search(a, all, leaves, first, middle, refuse);
  a.place(upper);
  search(a, all, leaves, middle, last, refuse);
}

}  // namespace

SyscallFilter::SyscallFilter(bool threads) {
  Assembler a;
  const Check own_process_only = [this](Assembler& into, Label allow, Label refuse) {
    into.low(0);
    own_pid_.push_back(into.size());
    into.equal(0, allow, refuse);
  };
  const std::vector<Rule> all = rules(threads, own_process_only);
  const Label kill = a.label(), refuse = a.label(), allow = a.label();

  a.load(offsetof(seccomp_data, arch));
  a.equal(kArchitecture, kNext, kill);
  a.load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  constexpr std::uint32_t kX32Bit = 0x4000'0000;
  a.at_least(kX32Bit, kill, kNext);
#endif
  std::vector<Label> leaves;
  for (const Rule& rule : all) leaves.push_back(rule.check ? a.label() : allow);
  search(a, all, leaves, 0, all.size(), refuse);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].check) continue;
    a.place(leaves[i]);
    all[i].check(a, allow, refuse);
  }
  a.place(kill);
  a.answer(SECCOMP_RET_KILL_PROCESS);
  a.place(refuse);
  a.answer(kRefuse);
  a.place(allow);
  a.answer(SECCOMP_RET_ALLOW);
  program_ = a.finish();
}

bool SyscallFilter::supported() { return kSupported; }

bool SyscallFilter::load() noexcept {
  for (const std::size_t at : own_pid_) program_[at].k = static_cast<std::uint32_t>(getpid());
  const sock_fprog program{static_cast<unsigned short>(program_.size()), program_.data()};
  return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace safelight::confine
