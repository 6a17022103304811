// Each attempt is a raw system call, so that no library refuses before the kernel is asked.
#include "confine/selftest.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>

#include "confine/reply.hpp"
#include "confine/warm_parent.hpp"

#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif
#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#endif

namespace safelight::confine {

namespace {

// Whether any failure shows that the thing cannot be done, or only a denial, since what is tried would fail
// for another reason where it is permitted.
enum class Proof { kAnyFailure, kDenial };

struct Attempt {
  const char* name;
  Proof proof;
  long (*call)();  // -1 and errno, or anything else
};

// No address: a call that reads there fails with EFAULT, if it is permitted.
void* nowhere() { return reinterpret_cast<void*>(std::uintptr_t{1}); }

long leave_if_child(long pid) {
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(static_cast<pid_t>(pid), nullptr, 0);
  return pid;
}

long mapped(std::size_t size, int protection, int flags, int fd) {
  return reinterpret_cast<long>(mmap(nullptr, size, protection, flags, fd, 0));
}

template <typename... Arguments>
long call(long number, Arguments... arguments) {
  return syscall(number, arguments...);
}

long open_at_root(int flags) { return call(__NR_openat, AT_FDCWD, "/", flags); }
long open_socket(int domain, int type) { return call(__NR_socket, domain, type, 0); }

long find_another_descriptor() {
  for (int fd = kReplyFd + 1; fd < 1024; ++fd) {
    if (fcntl(fd, F_GETFD) != -1) return fd;
  }
  return -1;
}

long read_limits_of_parent() {
  rlimit limit{};
  return call(__NR_prlimit64, getppid(), RLIMIT_NOFILE, nullptr, &limit);
}

long read_memory_of_parent() {
  char here = 0, there = 0;
  const iovec into{&here, 1}, from{&there, 1};  // the same address: the parent was copied
  return call(__NR_process_vm_readv, getppid(), &into, 1, &from, 1, 0);
}

long make_memory_executable() {
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? 0 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

constexpr Proof kAny = Proof::kAnyFailure, kDenied = Proof::kDenial;
constexpr int kReadImpliesExec = 0x0400000;

const Attempt kAttempts[] = {
    {"find another descriptor", kAny, find_another_descriptor},
    {"open a file for reading", kAny, [] { return call(__NR_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }},
    {"list a directory", kAny, [] { return open_at_root(O_RDONLY | O_DIRECTORY); }},
    {"hold a path", kAny, [] { return open_at_root(O_PATH); }},
    {"open a file for writing", kAny,
     [] { return call(__NR_openat, AT_FDCWD, "/tmp", O_TMPFILE | O_WRONLY, 0600); }},
    {"write to the given file", kAny, [] { return call(__NR_pwrite64, kFileFd, "", 1, 0); }},
    {"truncate the given file", kAny, [] { return call(__NR_ftruncate, kFileFd, 0); }},
    {"map the given file for writing", kAny,
     [] { return mapped(1, PROT_READ | PROT_WRITE, MAP_SHARED, kFileFd); }},
    {"make a memory file", kAny, [] { return call(__NR_memfd_create, "safelight", 0); }},
    {"open an Internet socket", kAny, [] { return open_socket(AF_INET, SOCK_STREAM); }},
    {"open a datagram socket", kAny, [] { return open_socket(AF_INET, SOCK_DGRAM); }},
    {"open a Unix socket", kAny, [] { return open_socket(AF_UNIX, SOCK_STREAM); }},
    {"connect a socket", kDenied,
     [] { return call(__NR_connect, kReplyFd, nowhere(), sizeof(sockaddr_un)); }},
    {"pass on a descriptor", kDenied, [] { return call(__NR_sendmsg, kReplyFd, nowhere(), 0); }},
    {"receive from the reply socket", kDenied,
     [] { return call(__NR_recvfrom, kReplyFd, nowhere(), 1, MSG_DONTWAIT, nullptr, nullptr); }},
    {"have a socket send signals", kAny, [] { return call(__NR_fcntl, kReplyFd, F_SETOWN, getppid()); }},
    {"control a device", kDenied, [] { return call(__NR_ioctl, kReplyFd, FIONREAD, nowhere()); }},
    {"start a process", kAny, [] { return leave_if_child(call(__NR_clone, SIGCHLD, 0, 0, 0, 0)); }},
    {"start a process (clone3)", kDenied, [] { return call(__NR_clone3, nowhere(), 64); }},
    {"execute a program", kDenied, [] { return call(__NR_execve, "/bin/sh", nowhere(), nullptr); }},
    {"signal its parent", kAny, [] { return call(__NR_kill, getppid(), 0); }},
    {"signal its parent (tgkill)", kAny, [] { return call(__NR_tgkill, getppid(), getppid(), 0); }},
    {"signal its parent (sigqueue)", kDenied,
     [] { return call(__NR_rt_sigqueueinfo, getppid(), 0, nowhere()); }},
    {"hold its parent by a pidfd", kAny, [] { return call(__NR_pidfd_open, getppid(), 0); }},
    {"read its parent's limits", kAny, read_limits_of_parent},
    {"set its parent's limits", kDenied,
     [] { return call(__NR_prlimit64, getppid(), RLIMIT_NOFILE, nowhere(), nullptr); }},
    {"set its own limits", kDenied,
     [] { return call(__NR_prlimit64, 0, RLIMIT_NOFILE, nowhere(), nullptr); }},
    {"trace its parent", kAny, [] { return call(__NR_ptrace, PTRACE_SEIZE, getppid(), 0, 0); }},
    {"read its parent's memory", kAny, read_memory_of_parent},
    {"mount a file system", kDenied,
     [] { return call(__NR_mount, nowhere(), nowhere(), nowhere(), 0, nullptr); }},
    {"enter new namespaces", kAny, [] { return call(__NR_unshare, CLONE_NEWUSER); }},
    {"become root", kAny, [] { return call(__NR_setresuid, 0, 0, 0); }},
    {"use io_uring", kDenied, [] { return call(__NR_io_uring_setup, 1, nowhere()); }},
    {"load a BPF program", kDenied, [] { return call(__NR_bpf, 0, nowhere(), 64); }},
    {"open performance counters", kDenied,
     [] { return call(__NR_perf_event_open, nowhere(), 0, -1, -1, 0); }},
    {"handle page faults", kAny, [] { return call(__NR_userfaultfd, O_CLOEXEC); }},
    {"use the kernel's keys", kDenied,
     [] { return call(__NR_add_key, nowhere(), nowhere(), nowhere(), 1, 0); }},
    {"use shared memory", kDenied, [] { return call(__NR_shmget, 1, 0, 0); }},
    {"map executable memory", kAny,
     [] { return mapped(4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1); }},
    {"make memory executable", kAny, make_memory_executable},
    {"make all memory executable", kAny, [] { return call(__NR_personality, kReadImpliesExec); }},
    {"allocate 4 GB", kAny,
     [] { return mapped(std::size_t{4} << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1); }},
};

bool refused(const Attempt& attempt, long result, int error) {
  if (result != -1) return false;
  return attempt.proof == Proof::kAnyFailure || error == EPERM || error == EACCES || error == ENOSYS;
}

const char* text(bool value) { return value ? "true" : "false"; }

}  // namespace

int self_test(const Walls& walls) {
  bool heard = send_message("{\"confinement\":{\"landlock_abi\":" + std::to_string(walls.landlock_abi) +
                            ",\"scoping\":" + text(walls.scoping) + ",\"seccomp\":" + text(walls.seccomp) +
                            ",\"nobody\":" + text(walls.nobody) + ",\"uid\":" + std::to_string(getuid()) + "}}");
  int parts = 0;
  for (const Attempt& attempt : kAttempts) {
    errno = 0;
    const long result = attempt.call();
    const int error = errno;
    heard = heard && send_message("{\"attempt\":{\"name\":\"" + std::string(attempt.name) + "\",\"refused\":" +
                                  text(refused(attempt, result, error)) + ",\"errno\":" + std::to_string(error) +
                                  "}}");
    ++parts;
  }
  heard = heard && send_message("{\"end\":{\"parts\":" + std::to_string(parts) + "}}");
  return heard ? kDone : kHandlerFailed;
}

}  // namespace safelight::confine
