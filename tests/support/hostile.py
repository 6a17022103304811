"""A decoder that was taken over: it does in the child what its payload says, by raw system calls.

Every answer goes back as the detail of a problem message, so that a test can read it.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from safelight.native import _confine

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]

# Numbers from asm/unistd_64.h and asm-generic/unistd.h; None where Arm64 has no such call.
_NUMBERS: dict[str, tuple[int, int | None]] = {
    "accept4": (288, 242), "access": (21, None), "add_key": (248, 217), "bind": (49, 200), "bpf": (321, 280),
    "capset": (126, 91), "chroot": (161, 51), "clone": (56, 220), "clone3": (435, 435), "connect": (42, 203),
    "copy_file_range": (326, 285), "creat": (85, None), "dup": (32, 23), "execve": (59, 221),
    "execveat": (322, 281), "faccessat": (269, 48), "fallocate": (285, 47), "fchmod": (91, 52),
    "fcntl": (72, 25), "fork": (57, None), "fstat": (5, 80), "fsopen": (430, 430), "ftruncate": (77, 46),
    "getdents64": (217, 61), "init_module": (175, 105), "io_uring_setup": (425, 425), "ioctl": (16, 29),
    "kexec_load": (246, 104), "kill": (62, 129), "landlock_create_ruleset": (444, 444), "listen": (50, 201),
    "lseek": (8, 62), "memfd_create": (319, 279), "memfd_secret": (447, 447), "mount": (165, 40),
    "mprotect": (10, 226), "mq_open": (240, 180), "name_to_handle_at": (303, 264), "newfstatat": (262, 79),
    "open": (2, None), "open_by_handle_at": (304, 265), "openat": (257, 56), "openat2": (437, 437),
    "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pipe2": (293, 59), "pivot_root": (155, 41),
    "pkey_mprotect": (329, 288), "prctl": (157, 167), "prlimit64": (302, 261), "process_madvise": (440, 440),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "ptrace": (101, 117),
    "pwrite64": (18, 68), "read": (0, 63), "readlinkat": (267, 78), "recvfrom": (45, 207),
    "recvmsg": (47, 212), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119), "seccomp": (317, 277),
    "sendfile": (40, 71), "sendmmsg": (307, 269), "sendmsg": (46, 211), "sendto": (44, 206),
    "setns": (308, 268), "setpriority": (141, 140), "setresuid": (117, 147), "setrlimit": (160, 164),
    "setsid": (112, 157), "shmget": (29, 194), "shutdown": (48, 210), "socket": (41, 198),
    "socketpair": (53, 199), "splice": (275, 76), "statx": (332, 291), "symlinkat": (266, 36),
    "tgkill": (234, 131), "timer_create": (222, 107), "tkill": (200, 130), "umount2": (166, 39),
    "unlinkat": (263, 35), "unshare": (272, 97), "userfaultfd": (323, 282), "vfork": (58, None),
    "vmsplice": (278, 75), "write": (1, 64), "writev": (20, 66),
}  # fmt: skip
_ARM = platform.machine() == "aarch64"


def call(name: str, *arguments: object) -> int | None:
    """The errno with which a system call was refused, 0 if it came through, None if there is no such call."""
    number = _NUMBERS[name][_ARM]
    if number is None:
        return None
    ctypes.set_errno(0)
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return ctypes.get_errno() if libc.syscall(ctypes.c_long(number), *wide) == -1 else 0


AT_FDCWD, O_PATH, PTRACE_ATTACH, PTRACE_SEIZE = -100, 0o10000000, 16, 0x4206
F_SETLEASE, F_SETSIG, F_ADD_SEALS, AT_EMPTY_PATH = 1024, 10, 1033, 0x1000
THREAD = 0x3D0F00  # the flags of pthread_create
FILE, REPLY = 3, 4
_name = b"/etc/passwd"
_buffer = ctypes.create_string_buffer(4096)
_iovec = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(_buffer), 8))
_limit = ctypes.create_string_buffer(struct.pack("QQ", 0, 0))
_argv = (ctypes.c_char_p * 2)(b"/bin/true", None)


def _passing_a_descriptor() -> ctypes.Array[ctypes.c_char]:
    # struct msghdr with one byte of data and SCM_RIGHTS of the file; kept alive by the module's globals.
    global _control, _one, _data  # noqa: PLW0603
    _data = ctypes.create_string_buffer(b"x")
    _one = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(_data), 1))
    _control = ctypes.create_string_buffer(struct.pack("QiiiI", 20, 1, 1, FILE, 0))
    message = struct.pack(
        "QI4xQQQQi4x", 0, 0, ctypes.addressof(_one), 1, ctypes.addressof(_control), len(_control.raw) - 1, 0
    )
    return ctypes.create_string_buffer(message)


_message = _passing_a_descriptor()


def forbidden(victim: int) -> dict[str, int | None]:
    """Everything that decoding does not need, aimed at ``victim`` where it is aimed at a process."""
    attempts: dict[str, tuple[Any, ...]] = {
        # Other processes: limits, signals, memory.
        "prlimit64 write": ("prlimit64", victim, 7, _limit, None),
        "prlimit64 read": ("prlimit64", victim, 7, None, _buffer),
        "prlimit64 own": ("prlimit64", 0, 7, _limit, None),
        "prlimit64 own pid": ("prlimit64", os.getpid(), 7, _limit, None),
        "setrlimit": ("setrlimit", 7, _limit),
        "kill": ("kill", victim, signal.SIGKILL),
        "kill everyone": ("kill", -1, signal.SIGKILL),
        "kill group": ("kill", 0, signal.SIGKILL),
        "tkill": ("tkill", victim, signal.SIGKILL),
        "tgkill": ("tgkill", victim, victim, signal.SIGKILL),
        "tgkill high bits": ("tgkill", (os.getpid() << 32) | victim, victim, signal.SIGKILL),
        "rt_sigqueueinfo": ("rt_sigqueueinfo", victim, signal.SIGKILL, _buffer),
        "rt_tgsigqueueinfo": ("rt_tgsigqueueinfo", victim, victim, signal.SIGKILL, _buffer),
        "pidfd_open": ("pidfd_open", victim, 0),
        "pidfd_send_signal": ("pidfd_send_signal", FILE, signal.SIGKILL, None, 0),
        "pidfd_getfd": ("pidfd_getfd", FILE, 0, 0),
        "ptrace attach": ("ptrace", PTRACE_ATTACH, victim, None, None),
        "ptrace seize": ("ptrace", PTRACE_SEIZE, victim, None, None),
        "ptrace traceme": ("ptrace", 0, 0, None, None),
        "process_vm_readv": ("process_vm_readv", victim, _iovec, 1, _iovec, 1, 0),
        "process_vm_writev": ("process_vm_writev", victim, _iovec, 1, _iovec, 1, 0),
        "process_madvise": ("process_madvise", FILE, _iovec, 1, 4, 0),
        "sched_setaffinity": ("sched_setaffinity", victim, 8, _buffer),
        "sched_setscheduler": ("sched_setscheduler", victim, 0, _buffer),
        "setpriority": ("setpriority", 0, victim, 19),
        "F_SETOWN": ("fcntl", REPLY, 8, victim),
        "F_SETSIG": ("fcntl", REPLY, F_SETSIG, signal.SIGKILL),
        "F_SETFL": ("fcntl", REPLY, 4, os.O_NONBLOCK | 0o20000),
        "F_SETLEASE": ("fcntl", FILE, F_SETLEASE, 0),
        "timer_create": ("timer_create", 0, None, _buffer),
        # Files.
        "open": ("open", _name, os.O_RDONLY, 0),
        "creat": ("creat", b"/tmp/safelight-hostile", 0o600),
        "openat read": ("openat", AT_FDCWD, _name, os.O_RDONLY, 0),
        "openat write": ("openat", AT_FDCWD, b"/tmp/safelight-hostile", os.O_RDWR | os.O_CREAT, 0o600),
        "openat path": ("openat", AT_FDCWD, b"/", O_PATH, 0),
        "openat device": ("openat", AT_FDCWD, b"/dev/null", os.O_RDWR, 0),
        "openat own memory": ("openat", AT_FDCWD, b"/proc/self/mem", os.O_RDWR, 0),
        "openat memory": ("openat", AT_FDCWD, b"/proc/%d/mem" % victim, os.O_RDWR, 0),
        "openat descriptors": ("openat", AT_FDCWD, b"/proc/%d/fd" % victim, os.O_RDONLY, 0),
        "openat given file": ("openat", AT_FDCWD, b"/proc/self/fd/3", os.O_RDWR, 0),
        "openat beside file": ("openat", FILE, b"", os.O_RDWR, 0),
        "openat2": ("openat2", AT_FDCWD, _name, _buffer, 24),
        "name_to_handle_at": ("name_to_handle_at", AT_FDCWD, _name, _buffer, _buffer, 0),
        "open_by_handle_at": ("open_by_handle_at", FILE, _buffer, 0),
        "newfstatat": ("newfstatat", AT_FDCWD, _name, _buffer, 0),
        "newfstatat empty": ("newfstatat", AT_FDCWD, b"", _buffer, AT_EMPTY_PATH),
        "statx": ("statx", AT_FDCWD, _name, 0, 0xFFF, _buffer),
        "access": ("access", _name, 4),
        "faccessat": ("faccessat", AT_FDCWD, _name, 4),
        "readlinkat": ("readlinkat", AT_FDCWD, b"/proc/self/exe", _buffer, 100),
        "unlinkat": ("unlinkat", AT_FDCWD, b"/tmp/safelight-hostile", 0),
        "symlinkat": ("symlinkat", _name, AT_FDCWD, b"/tmp/safelight-hostile"),
        "getdents64": ("getdents64", FILE, _buffer, 4096),
        "memfd_create": ("memfd_create", b"x", 0),
        "memfd_secret": ("memfd_secret", 0),
        # The file it was given, and other ways to write.
        "write file": ("write", FILE, b"x", 1),
        "write null": ("write", 1, b"x", 1),
        "writev file": ("writev", FILE, _iovec, 1),
        "pwrite64": ("pwrite64", FILE, b"x", 1, 0),
        "ftruncate": ("ftruncate", FILE, 0),
        "fallocate": ("fallocate", FILE, 0, 0, 4096),
        "fchmod": ("fchmod", FILE, 0o777),
        "seals": ("fcntl", FILE, F_ADD_SEALS, 15),
        "lseek": ("lseek", FILE, 1, 0),
        "read": ("read", FILE, _buffer, 1),
        "sendfile": ("sendfile", REPLY, FILE, None, 1),
        "splice": ("splice", FILE, None, REPLY, None, 1, 0),
        "vmsplice": ("vmsplice", REPLY, _iovec, 1, 0),
        "copy_file_range": ("copy_file_range", FILE, None, FILE, None, 1, 0),
        "ioctl": ("ioctl", REPLY, 0x5421, _buffer),
        "dup": ("dup", REPLY),
        "pipe2": ("pipe2", _buffer, 0),
        # The network, and other sockets.
        "socket inet": ("socket", 2, 1, 0),
        "socket datagram": ("socket", 2, 2, 0),
        "socket raw": ("socket", 2, 3, 1),
        "socket unix": ("socket", 1, 1, 0),
        "socket netlink": ("socket", 16, 3, 0),
        "socketpair": ("socketpair", 1, 1, 0, _buffer),
        "bind": ("bind", REPLY, _buffer, 16),
        "connect": ("connect", REPLY, _buffer, 16),
        "listen": ("listen", REPLY, 1),
        "accept4": ("accept4", REPLY, None, None, 0),
        "sendto elsewhere": ("sendto", REPLY, b"{}", 2, 0, _buffer, 16),
        "sendto file": ("sendto", FILE, b"{}", 2, 0, None, 0),
        "sendmsg": ("sendmsg", REPLY, _message, 0),
        "sendmmsg": ("sendmmsg", REPLY, _message, 1, 0),
        "recvfrom": ("recvfrom", REPLY, _buffer, 1, 0x40, None, None),
        "recvmsg": ("recvmsg", REPLY, _message, 0x40),
        "shutdown": ("shutdown", REPLY, 0),
        # More processes, other programs.
        "fork": ("fork",),
        "vfork": ("vfork",),
        "clone": ("clone", signal.SIGCHLD, None, None, None, None),
        "clone vm": ("clone", 0x100 | signal.SIGCHLD, None, None, None, None),
        "clone namespace": ("clone", THREAD | 0x10000000, None, None, None, None),
        "clone parent": ("clone", THREAD | 0x8000, None, None, None, None),
        "clone high bits": ("clone", (1 << 32) | THREAD, None, None, None, None),
        "clone3": ("clone3", _buffer, 64),
        "execve": ("execve", b"/bin/true", _argv, None),
        "execveat": ("execveat", FILE, b"", _argv, None, AT_EMPTY_PATH),
        "setsid": ("setsid",),
        # Code.
        "mprotect": ("mprotect", ctypes.addressof(_buffer) & ~4095, 4096, 7),
        "pkey_mprotect": ("pkey_mprotect", ctypes.addressof(_buffer) & ~4095, 4096, 7, -1),
        "personality": ("personality", 0x0400000),
        # The system.
        "mount": ("mount", b"none", b"/tmp", b"tmpfs", 0, None),
        "umount2": ("umount2", b"/proc", 2),
        "fsopen": ("fsopen", b"tmpfs", 0),
        "pivot_root": ("pivot_root", b"/", b"/"),
        "chroot": ("chroot", b"/tmp"),
        "unshare": ("unshare", 0x10000000),
        "setns": ("setns", FILE, 0),
        "setresuid": ("setresuid", 0, 0, 0),
        "capset": ("capset", _buffer, _buffer),
        "prctl death signal": ("prctl", 1, 0, 0, 0, 0),
        "prctl dumpable": ("prctl", 4, 1, 0, 0, 0),
        "prctl tracer": ("prctl", 0x59616D61, victim, 0, 0, 0),
        "seccomp": ("seccomp", 1, 0, None),
        "landlock": ("landlock_create_ruleset", None, 0, 1),
        "io_uring_setup": ("io_uring_setup", 1, _buffer),
        "bpf": ("bpf", 0, _buffer, 64),
        "perf_event_open": ("perf_event_open", _buffer, 0, -1, -1, 0),
        "userfaultfd": ("userfaultfd", 1),
        "add_key": ("add_key", b"user", b"x", b"x", 1, -3),
        "shmget": ("shmget", 0, 4096, 0o1600),
        "mq_open": ("mq_open", b"x", 0o102, 0o600, None),
        "init_module": ("init_module", _buffer, 1, b""),
        "kexec_load": ("kexec_load", 0, 0, None, 0),
    }
    return {name: call(*attempt) for name, attempt in attempts.items()}


# What each attack does; it yields messages as a decoder does.

Attack = Callable[..., Iterator[str | bytes]]


def say(detail: object) -> str:
    """An answer that the client lets through."""
    return json.dumps({"problem": {"reason": "damaged", "detail": str(detail)}})


END = '{"end":{"parts":0}}'


def try_forbidden(victim: int | None = None) -> Iterator[str]:
    """Names of what came through or was answered otherwise than refused, one a message."""
    for name, error in forbidden(victim or os.getppid()).items():
        expected = errno.ENOSYS if name == "clone3" else errno.EPERM
        if error not in (expected, None):
            yield say(f"{name}: {errno.errorcode.get(error, error)}")
    for protection, flags in ((7, 0x22), (5, 0x22), (3, 1)):  # rwx, rx private; the file, shared and writable
        address = libc.mmap(None, 4096, protection, flags, FILE if flags == 1 else -1, 0)
        if address != ctypes.c_void_p(-1).value:
            yield say(f"mmap {protection} {flags}")


def tell_pid(seconds: float = 0.0) -> Iterator[str]:
    """Its pid and its parent's, then a sleep: a sibling to be attacked."""
    yield say(f"{os.getpid()} {os.getppid()}")
    time.sleep(seconds)
    yield say("alive")


def read_file() -> Iterator[str]:
    """What an honest decoder does."""
    yield say(os.pread(FILE, 100, 0).decode())


def tell_environment() -> Iterator[str]:
    """The names of the environment's variables."""
    yield say(" ".join(sorted(os.environ)))


def take_memory(size: int) -> Iterator[str]:
    """Allocate as one block."""
    yield say(len(bytearray(size)))


def take_memory_in_pieces() -> Iterator[str]:
    """Allocate until it stops."""
    kept = []
    while True:
        kept.append(b"x" * (16 << 20))
        yield from ()


def measure_memory() -> Iterator[str]:
    """How large a mapping may be, in MiB."""
    size = next(s for s in range(4096, 0, -16) if libc.mmap(None, s << 20, 3, 0x4022, -1, 0) != 2**64 - 1)
    yield say(size)


def burn(ignore: bool = False) -> Iterator[str]:
    """Use the processor for ever."""
    if ignore:
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while True:
        yield from ()


def hang() -> Iterator[str]:
    """Sleep for ever, ignoring what can be ignored."""
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(60)
        yield from ()


def crash() -> Iterator[str]:
    """A wild pointer."""
    yield say("so far")
    ctypes.string_at(8)


def abort() -> Iterator[str]:
    """What a failed assertion in C does."""
    os.abort()
    yield END


def leave(status: int) -> Iterator[str]:
    """Exit at once."""
    os._exit(status)
    yield END


def raise_error() -> Iterator[str]:
    """A bug in Python."""
    raise KeyError("a secret")
    yield END


def foreign_abi() -> Iterator[str]:
    """A system call by x32's numbers."""
    libc.syscall(ctypes.c_long(0x40000000 | 39))
    yield say("came through")


def send(messages: list[str], then: str = "leave") -> Iterator[str]:
    """Raw packets on the reply socket."""
    for message in messages:
        os.write(REPLY, message.encode("latin-1"))
    if then == "hang":
        time.sleep(3600)
    os._exit(0)
    yield END


def send_big(size: int) -> Iterator[str]:
    """One packet that no message may be as long as."""
    os.write(REPLY, b'{"problem":{"reason":"damaged","detail":"' + b" " * size + b'"}}')
    yield END


def flood() -> Iterator[str]:
    """Messages for ever."""
    while True:
        yield say("more")


def flood_member(name: str = "big") -> Iterator[str | bytes]:
    """A member without an end."""
    yield json.dumps({"member": {"name": name}})
    while True:
        yield bytes(1 << 20)


def flood_members() -> Iterator[str | bytes]:
    """Members for ever."""
    while True:
        yield json.dumps({"member": {"name": "one"}})
        yield b"x"
        yield json.dumps({"member_end": {}})


def hang_in_member() -> Iterator[str | bytes]:
    """Half a member, and then nothing."""
    yield json.dumps({"member": {"name": "half"}})
    yield b"what came"
    time.sleep(3600)


def crash_in_member() -> Iterator[str | bytes]:
    """Half a member, and then a wild pointer."""
    yield json.dumps({"member": {"name": "half"}})
    yield b"what came"
    ctypes.string_at(8)


def pass_descriptor() -> Iterator[str]:
    """Attach the file to a message."""
    yield say(call("sendmsg", REPLY, _message, 0))


def end_and_stay() -> Iterator[str]:
    """Say the end, and go on."""
    _confine.send_message(END.encode())
    while True:
        yield from ()


def threads(count: int, seconds: float = 0.0, stack: int = 0) -> Iterator[str]:
    """As many threads as asked for; with small stacks, more of them before memory ends."""
    threading.stack_size(stack)
    started = 0
    try:
        for _ in range(count):
            threading.Thread(target=time.sleep, args=(seconds,), daemon=True).start()
            started += 1
    except RuntimeError:
        time.sleep(seconds)
        yield say(f"refused after {started}")
    else:
        time.sleep(seconds)
        yield say(f"started {started}")


ATTACKS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        abort, burn, crash, crash_in_member, end_and_stay, flood, flood_member, flood_members,
        foreign_abi, hang, hang_in_member, leave, measure_memory, pass_descriptor,
        raise_error, read_file, send, send_big, take_memory, take_memory_in_pieces, tell_environment,
        tell_pid, threads, try_forbidden,
    )
}  # fmt: skip


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes = b"{}") -> Iterator[str | bytes]:
    """Do what the payload says: ``{"attack": name, "arguments": {...}}``."""
    asked = json.loads(payload)
    yield from ATTACKS[asked.get("attack", "read_file")](**asked.get("arguments", {}))
    yield END
