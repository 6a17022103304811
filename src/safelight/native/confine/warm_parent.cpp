// One loop over descriptors: no thread, no blocking call, nothing that a client or a child can hold up.
#include "confine/warm_parent.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "confine/selftest.hpp"
#include "confine/tasks.hpp"

namespace safelight::confine {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMaxConnections = 256;
constexpr std::size_t kMaxDescriptors = 16;           // room to receive, and close, more than the two asked for
constexpr milliseconds kThreadWatch{20};              // how often a child with threads is counted
constexpr milliseconds kFarewell{2000};               // how long a slow reader may take to hear of a failure
constexpr std::uint32_t kMaxWallMs = 3'600'000;
constexpr std::uint32_t kMaxCpuSeconds = 3'600;
constexpr std::uint64_t kMinMemory = 1ULL << 20, kMaxMemory = 1ULL << 40;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct Child {
  pid_t pid;
  int reply;
  Clock::time_point deadline;
  std::uint32_t wall_ms, cpu_seconds;
  std::string killed_as;  // the reason, when we killed it; empty otherwise
  std::string killed_for;
};

struct Farewell {
  int reply;
  std::string message;
  Clock::time_point until;
};

struct Received {
  ssize_t bytes = -1;
  bool whole = false;  // neither data nor descriptors were cut
  std::vector<int> descriptors;
};

// Details are our own plain words: nothing in them needs escaping.
std::string failure(const std::string& reason, const std::string& detail) {
  return "{\"failed\":{\"reason\":\"" + reason + "\",\"detail\":\"" + detail + "\"}}";
}

bool sent(int reply, const std::string& message) {  // or not wanted any more
  return send(reply, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

Received receive(int socket, std::vector<char>& buffer) {
  iovec into{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  Received received;
  received.bytes = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received.bytes < 0) return received;
  received.whole = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const std::size_t before = received.descriptors.size();
    received.descriptors.resize(before + count);
    std::memcpy(received.descriptors.data() + before, CMSG_DATA(part), count * sizeof(int));
  }
  return received;
}

bool is_reply_socket(int fd) {
  int domain = 0, type = 0;
  socklen_t size = sizeof(int);
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return false;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
  return domain == AF_UNIX && type == SOCK_SEQPACKET;
}

// A regular file that nobody can write to through this descriptor, mapped memory included.
bool is_safe_file(int fd) {
  struct stat status {};
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if ((flags & O_ACCMODE) == O_RDONLY) return true;
  constexpr int kSealed = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & kSealed) == kSealed;
}

const char* what_is_wrong(const Request& request, std::size_t received) {
  if (request.magic != kMagic) return "not a request of this protocol";
  if (request.protocol != kProtocol) return "another version of the protocol";
  if (request.payload_size != received - sizeof(Request)) return "the payload is not as long as announced";
  if (request.wall_ms == 0 || request.wall_ms > kMaxWallMs) return "a wall clock limit outside an hour";
  if (request.cpu_s == 0 || request.cpu_s > kMaxCpuSeconds) return "a processor time limit outside an hour";
  if (request.memory < kMinMemory || request.memory > kMaxMemory) return "a memory limit outside 1 MiB to 1 TiB";
  if ((request.flags & ~kSelfTest) != 0) return "unknown flags";
  return nullptr;
}

class WarmParent {
 public:
  WarmParent(const ParentOptions& options, const Handler& handler)
      : options_(options),
        handler_(handler),
        owner_(getuid()),
        barrier_(options.confinement),
        control_(options.control),
        lifeline_(!options.control.empty()),
        buffer_(sizeof(Request) + kMaxMessage) {}

  int run() {
    start();
    while (lifeline_ ? !control_.empty() : options_.listen >= 0) turn();
    leave();
    return 0;
  }

 private:
  void start();
  void turn();
  milliseconds patience() const;
  void accept_one();
  bool serve(int socket);  // false when the socket is finished
  void answer(const Received&);
  void start_child(const Request&, std::string_view payload, int file, int reply);
  [[noreturn]] void be_child(pid_t parent, const Request&, std::string_view payload, int file, int reply);
  void kill_child(Child&, const char* reason, const std::string& detail);
  void watch_children();
  void reap();
  void say_how_it_ended(const Child&, int status, const rusage&);
  void tell(int reply, std::string message);  // takes the descriptor
  void leave();

  const ParentOptions& options_;
  const Handler& handler_;
  const uid_t owner_;
  Barrier barrier_;
  std::vector<int> control_;      // inherited
  std::vector<int> connections_;  // accepted
  const bool lifeline_;
  std::vector<char> buffer_;
  std::vector<Child> children_;
  std::vector<Farewell> farewells_;
  std::vector<pollfd> polled_;
  int deaths_ = -1;  // a signalfd of SIGCHLD
  sigset_t usual_mask_{};
};

void WarmParent::start() {
  oom_kill_me_first();
  barrier_.drop_privileges();
  if (options_.confinement.threads) mallopt(M_ARENA_MAX, 2);  // an arena reserves 64 MiB of RLIMIT_AS

  sigset_t deaths;
  sigemptyset(&deaths);
  sigaddset(&deaths, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &deaths, &usual_mask_) != 0) fail("blocking SIGCHLD");
  deaths_ = signalfd(-1, &deaths, SFD_CLOEXEC | SFD_NONBLOCK);
  if (deaths_ < 0) fail("making a signalfd");

  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) fail("opening /dev/null");
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (dup2(null, fd) < 0) fail("closing the standard descriptors");
  }
  if (null > STDERR_FILENO) close(null);
}

// Waits for one thing and does what follows. Sockets are left alone while there are enough children.
void WarmParent::turn() {
  const bool room = children_.size() < static_cast<std::size_t>(std::max(1, options_.max_children));
  const bool welcome = options_.listen >= 0 && connections_.size() < kMaxConnections;
  polled_.clear();
  polled_.push_back({deaths_, POLLIN, 0});
  polled_.push_back({welcome ? options_.listen : -1, POLLIN, 0});
  for (const Child& child : children_) polled_.push_back({child.killed_as.empty() ? child.reply : -1, 0, 0});
  for (const Farewell& farewell : farewells_) polled_.push_back({farewell.reply, POLLOUT, 0});
  const std::size_t sockets = polled_.size();
  for (const int fd : control_) polled_.push_back({room ? fd : -1, POLLIN, 0});
  for (const int fd : connections_) polled_.push_back({room ? fd : -1, POLLIN, 0});

  if (poll(polled_.data(), polled_.size(), static_cast<int>(patience().count())) < 0 && errno != EINTR) {
    fail("polling");
  }
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (polled_[2 + i].revents & (POLLHUP | POLLERR)) kill_child(children_[i], "abandoned", "");
  }
  std::size_t at = sockets;
  for (std::vector<int>* group : {&control_, &connections_}) {
    for (std::size_t i = 0; i < group->size(); ++at) {
      if (polled_[at].revents == 0 || serve((*group)[i])) {
        ++i;
      } else {
        close((*group)[i]);
        group->erase(group->begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }
  if (polled_[1].revents & POLLIN) accept_one();
  const auto now = Clock::now();
  for (std::size_t i = farewells_.size(); i-- > 0;) {
    if (!sent(farewells_[i].reply, farewells_[i].message) && now < farewells_[i].until) continue;
    close(farewells_[i].reply);
    farewells_.erase(farewells_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  watch_children();
  reap();
}

// Until the next clock runs out, in milliseconds for poll(); -1 when none runs.
milliseconds WarmParent::patience() const {
  std::optional<Clock::time_point> next;
  const auto consider = [&next](Clock::time_point at) { next = next ? std::min(*next, at) : at; };
  for (const Child& child : children_) {
    if (child.killed_as.empty()) consider(child.deadline);
  }
  for (const Farewell& farewell : farewells_) consider(farewell.until);
  if (!children_.empty() && options_.confinement.threads) consider(Clock::now() + kThreadWatch);
  if (!next) return milliseconds(-1);
  const auto left = std::chrono::ceil<milliseconds>(*next - Clock::now());
  return std::clamp(left, milliseconds(0), milliseconds(kMaxWallMs));
}

void WarmParent::accept_one() {
  const int socket = accept4(options_.listen, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == owner_ || peer.uid == 0)) {
    connections_.push_back(socket);
  } else {
    close(socket);
  }
}

bool WarmParent::serve(int socket) {
  const Received received = receive(socket, buffer_);
  if (received.bytes < 0) return errno == EAGAIN || errno == EINTR;
  if (received.bytes == 0 && received.descriptors.empty()) return false;
  answer(received);
  return true;
}

void WarmParent::answer(const Received& received) {
  const std::vector<int>& given = received.descriptors;
  const auto size = static_cast<std::size_t>(received.bytes);
  if (given.size() != 2 || !is_reply_socket(given[1])) {
    for (const int fd : given) close(fd);
    return;
  }
  const int file = given[0], reply = given[1];
  const char* wrong = nullptr;
  Request request{};
  if (!received.whole || size < sizeof request) {
    wrong = "a request too short or too long";
  } else {
    std::memcpy(&request, buffer_.data(), sizeof request);
    wrong = what_is_wrong(request, size);
    if (!wrong && !is_safe_file(file)) wrong = "the file is not a regular file opened for reading only";
  }
  if (wrong) {
    close(file);
    tell(reply, failure("refused", wrong));
    return;
  }
  start_child(request, {buffer_.data() + sizeof request, request.payload_size}, file, reply);
  close(file);
}

void WarmParent::start_child(const Request& request, std::string_view payload, int file, int reply) {
  fcntl(reply, F_SETFL, fcntl(reply, F_GETFL) & ~O_NONBLOCK);  // a child waits for a slow reader
  const pid_t parent = getpid();
  options_.before_fork();
  const pid_t pid = fork();
  if (pid == 0) be_child(parent, request, payload, file, reply);
  options_.after_fork_in_parent();
  if (pid < 0) {
    tell(reply, failure("refused", "the machine could not start another process"));
    return;
  }
  children_.push_back({pid, reply, Clock::now() + milliseconds(request.wall_ms), request.wall_ms, request.cpu_s,
                       {}, {}});
}

void WarmParent::be_child(pid_t parent, const Request& request, std::string_view payload, int file, int reply) {
  int code = kHandlerFailed;
  try {
    sigprocmask(SIG_SETMASK, &usual_mask_, nullptr);
    options_.after_fork_in_child();
    const Budget budget{request.memory, request.cpu_s};
    if (const char* step = barrier_.enter(parent, budget, file, reply)) {
      const std::string message = failure("unconfined", std::string(step) + " failed: " + std::strerror(errno));
      if (!is_reply_socket(reply)) reply = kReplyFd;
      send(reply, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      _exit(kUnconfined);
    }
    code = (request.flags & kSelfTest) ? self_test(barrier_.walls()) : handler_(request, payload);
  } catch (const std::bad_alloc&) {
    code = kOutOfMemory;
  } catch (...) {
    code = kHandlerFailed;
  }
  _exit(code);
}

void WarmParent::kill_child(Child& child, const char* reason, const std::string& detail) {
  if (!child.killed_as.empty()) return;
  child.killed_as = reason;
  child.killed_for = detail;
  kill(child.pid, SIGKILL);  // not reaped yet, so the pid is still its own
}

void WarmParent::watch_children() {
  const auto now = Clock::now();
  const Confinement& limits = options_.confinement;
  for (Child& child : children_) {
    if (now >= child.deadline) {
      kill_child(child, "timeout", "stopped after " + std::to_string(child.wall_ms) + " ms");
    } else if (limits.threads && count_threads(child.pid) > limits.max_threads) {
      kill_child(child, "crashed", "more than " + std::to_string(limits.max_threads) + " threads");
    }
  }
}

void WarmParent::reap() {
  signalfd_siginfo ignored[8];
  while (read(deaths_, ignored, sizeof ignored) > 0) {
  }
  rusage used{};
  int status = 0;
  for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &used)) > 0;) {
    const auto child =
        std::find_if(children_.begin(), children_.end(), [pid](const Child& c) { return c.pid == pid; });
    if (child == children_.end()) continue;
    say_how_it_ended(*child, status, used);
    children_.erase(child);
  }
}

void WarmParent::say_how_it_ended(const Child& child, int status, const rusage& used) {
  const long cpu_seconds = used.ru_utime.tv_sec + used.ru_stime.tv_sec;
  if (child.killed_as == "abandoned") {
    close(child.reply);
  } else if (!child.killed_as.empty()) {
    tell(child.reply, failure(child.killed_as, child.killed_for));
  } else if (WIFEXITED(status)) {
    const int code = WEXITSTATUS(status);
    if (code == kDone || code == kUnconfined) {
      close(child.reply);
    } else if (code == kOutOfMemory) {
      tell(child.reply, failure("out_of_memory", "an allocation was refused"));
    } else {
      tell(child.reply, failure("crashed", "left with status " + std::to_string(code)));
    }
  } else if (WTERMSIG(status) == SIGXCPU || cpu_seconds >= static_cast<long>(child.cpu_seconds)) {
    tell(child.reply,
         failure("timeout", "used " + std::to_string(child.cpu_seconds) + " s of processor time"));
  } else {
    // The kernel's out-of-memory killer is not told apart from any other SIGKILL: it is not guessed at.
    tell(child.reply, failure("crashed", std::string("signal: ") + strsignal(WTERMSIG(status))));
  }
}

void WarmParent::tell(int reply, std::string message) {
  if (sent(reply, message)) {
    close(reply);
  } else {
    farewells_.push_back({reply, std::move(message), Clock::now() + kFarewell});
  }
}

void WarmParent::leave() {
  for (Child& child : children_) kill_child(child, "abandoned", "");
  for (const Child& child : children_) {
    waitpid(child.pid, nullptr, 0);
    close(child.reply);
  }
  children_.clear();
}

int number(const std::string& option, const std::string& text) {
  std::size_t used = 0;
  int value = -1;
  try {
    value = std::stoi(text, &used);
  } catch (const std::logic_error&) {
    used = 0;
  }
  if (used != text.size() || value < 0) throw std::invalid_argument(option + " takes a number, not " + text);
  return value;
}

}  // namespace

void read_options(const std::vector<std::string>& arguments, ParentOptions& options) {
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    const std::string& option = arguments[i];
    if (i + 1 == arguments.size()) throw std::invalid_argument(option + " needs a value");
    const std::string& value = arguments[i + 1];
    if (option == "--control") {
      options.control.push_back(number(option, value));
    } else if (option == "--listen") {
      options.listen = number(option, value);
    } else if (option == "--max-children") {
      options.max_children = number(option, value);
    } else if (option == "--without" && value == "landlock") {
      options.confinement.landlock = false;
    } else if (option == "--without" && value == "scoping") {
      options.confinement.landlock_scoping = false;
    } else if (option == "--without" && value == "seccomp") {
      options.confinement.seccomp = false;
    } else {
      throw std::invalid_argument("unknown option " + option + " " + value);
    }
  }
}

int run_warm_parent(const ParentOptions& options, const Handler& handler) {
  return WarmParent(options, handler).run();
}

}  // namespace safelight::confine
