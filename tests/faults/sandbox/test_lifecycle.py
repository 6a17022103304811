"""Whoever dies, client, warm parent or child, the others end well and nothing is left behind."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from decoders import family

from safelight.errors import SandboxError
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import Family
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import IMAGE_MESSAGES
from safelight.media.sandbox.protocol import Reply
from safelight.types import UnscannedReason

SUPPORT = Path(__file__).parents[2] / "support"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox([family("hostile:decode")]) as sandbox:
        yield sandbox


def attack(
    sandbox: Sandbox, fd: int, name: str, *, limits: Limits | None = None, **arguments: object
) -> Reply:
    payload = json.dumps({"attack": name, "arguments": arguments}).encode()
    return sandbox.decode("test", fd, payload, limits=limits)


def details(reply: Reply) -> list[str]:
    return [problem.detail for problem in reply.problems]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def at_work(sandbox: Sandbox) -> tuple[int, int]:
    """The parent and the one child that is still there after a while: not the one that tested the walls."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        parent = sandbox.pids().get("test")
        before = [] if parent is None or gone(parent) else children_of(parent)
        time.sleep(0.2)
        if before and not gone(parent) and children_of(parent) == before:
            (child,) = before
            return parent, child
    raise AssertionError("nobody works")


def run_script(body: str) -> subprocess.Popen[str]:
    """A client of its own, in its own process; stops before its end can be waited for."""
    script = "import os, sys\nsys.path.append(sys.argv.pop(1))\n" + textwrap.dedent(body)
    command = [sys.executable, "-W", "error", "-c", script, str(SUPPORT)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_many_threads_share_one_parent(fd: int) -> None:
    def ask(number: int) -> tuple[str, Reply]:
        name = ("read_file", "crash", "tell_pid", "leave")[number % 4]
        arguments = {"status": 0} if name == "leave" else {}
        return name, attack(sandbox, fd, name, **arguments)

    with Sandbox([family("hostile:decode")], max_children=6) as sandbox, ThreadPoolExecutor(24) as pool:
        for name, reply in pool.map(ask, range(400)):
            reasons = [problem.reason for problem in reply.problems]
            if name == "read_file":
                assert details(reply) == ["content"]
            elif name == "tell_pid":
                assert details(reply)[1:] == ["alive"]
            else:
                assert reasons[-1] is UnscannedReason.CRASHED
        parent = sandbox.pids()["test"]
        eventually(lambda: not children_of(parent))


def test_more_requests_than_children_wait_without_losing_their_own_time(fd: int) -> None:
    limits = Limits(wall_seconds=0.6)
    with Sandbox([family("hostile:decode")], max_children=1) as sandbox, ThreadPoolExecutor(4) as pool:
        replies = pool.map(lambda _: attack(sandbox, fd, "tell_pid", seconds=0.3, limits=limits), range(4))
        assert [details(reply)[1] for reply in replies] == ["alive"] * 4


def test_every_parent_and_child_runs_without_rights(sandbox: Sandbox, fd: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(attack, sandbox, fd, "tell_pid", seconds=1.0)
        parent, child = at_work(sandbox)
        for pid in (parent, child):
            status = dict(
                line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            )
            user = "65534" if os.geteuid() == 0 else str(os.geteuid())
            assert status["Uid"].split() == [user] * 4
            assert os.geteuid() != 0 or status["Groups"].strip() == ""
            assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Amb")} == {"0" * 16}
            assert status["NoNewPrivs"] == "1"
            assert status["Seccomp"] == ("0" if pid == parent else "2")
        reply.result()


def test_no_secret_of_the_environment_reaches_a_decoder(
    sandbox: Sandbox, fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFELIGHT_SECRET", "x")
    monkeypatch.setenv("LD_PRELOAD", "")
    assert details(attack(sandbox, fd, "tell_environment")) == ["LANG PATH"]


def test_a_parent_that_was_killed_is_replaced(sandbox: Sandbox, fd: int) -> None:
    assert details(attack(sandbox, fd, "read_file")) == ["content"]
    parent = sandbox.pids()["test"]
    os.kill(parent, signal.SIGKILL)
    assert details(attack(sandbox, fd, "read_file")) == ["content"]
    assert sandbox.pids()["test"] != parent


def test_a_parent_killed_at_work_is_replaced_once_and_takes_its_children_with_it(
    sandbox: Sandbox, fd: int
) -> None:
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(attack, sandbox, fd, "hang")
        for _ in range(2):
            parent, child = at_work(sandbox)
            os.kill(parent, signal.SIGKILL)
            eventually(lambda child=child: gone(child))
        problems = reply.result(20).problems
    assert [p.reason for p in problems] == [UnscannedReason.SANDBOX_UNAVAILABLE]
    assert details(attack(sandbox, fd, "read_file")) == ["content"]


def test_a_parent_killed_after_the_first_finding_is_not_asked_again(sandbox: Sandbox, fd: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(attack, sandbox, fd, "tell_pid", seconds=5)
        parent, _ = at_work(sandbox)
        os.kill(parent, signal.SIGKILL)
        reasons = [p.reason for p in reply.result(20).problems]
    assert reasons == [UnscannedReason.DAMAGED, UnscannedReason.SANDBOX_UNAVAILABLE]


def test_closing_ends_what_is_being_decoded(fd: int) -> None:
    sandbox = Sandbox([family("hostile:decode")])
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(attack, sandbox, fd, "hang")
        parent, _ = at_work(sandbox)
        sandbox.close()
        reasons = [p.reason for p in reply.result(20).problems]
    assert reasons == [UnscannedReason.SANDBOX_UNAVAILABLE]
    assert gone(parent)
    with pytest.raises(SandboxError, match="closed"):
        attack(sandbox, fd, "read_file")
    sandbox.close()


def test_a_client_out_of_descriptors_says_so_and_goes_on(sandbox: Sandbox, fd: int) -> None:
    sandbox.start()
    parent = sandbox.pids()["test"]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (fd + 1, hard))
    taken = []
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(fd))
        reasons = [p.reason for p in attack(sandbox, fd, "read_file").problems]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in taken:
            os.close(each)
    assert reasons == [UnscannedReason.SANDBOX_UNAVAILABLE]
    assert details(attack(sandbox, fd, "read_file")) == ["content"]
    assert sandbox.pids()["test"] == parent


def test_a_parent_ignores_ctrl_c(sandbox: Sandbox, fd: int) -> None:
    sandbox.start()
    parent = sandbox.pids()["test"]
    assert os.getsid(parent) == parent
    assert os.getpgid(parent) != os.getpgid(0)


CLIENT = """
    from decoders import family
    from safelight.media.sandbox.client import Sandbox
    from safelight.media.sandbox.descriptors import sealed_memfd

    sandbox = Sandbox([family("hostile:decode")])
    sandbox.start()
    fd = sealed_memfd(b"content")
    print(sandbox.pids()["test"], flush=True)
"""


def test_a_killed_client_leaves_no_orphans() -> None:
    with run_script(CLIENT + "    sandbox.decode('test', fd, b'{\"attack\": \"hang\"}')") as client:
        parent = int(client.stdout.readline())
        eventually(lambda: children_of(parent))
        children = children_of(parent)
        client.kill()
    eventually(lambda: gone(parent) and all(map(gone, children)))


def test_a_client_that_forgets_to_close_leaves_nothing_behind() -> None:
    with run_script(CLIENT) as client:
        parent = int(client.stdout.readline())
    assert client.returncode == 0
    eventually(lambda: gone(parent))


def test_a_forked_client_starts_a_parent_of_its_own() -> None:
    body = (
        CLIENT
        + """
    def read():
        (problem,) = sandbox.decode("test", fd, b"{}").problems
        assert problem.detail == "content"
        return sandbox.pids()["test"]

    before = read()
    child = os.fork()
    if child == 0:
        mine = read()
        sandbox.close()
        os._exit(0 if mine != before else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert read() == before
    sandbox.close()
    print("done")
    """
    )
    with run_script(body) as client:
        assert client.stdout.read().split()[1:] == ["done"]
    assert client.returncode == 0


def test_a_program_that_is_not_there_is_an_error_to_act_on(fd: int) -> None:
    absent = Family("test", ("/nonexistent/safelight-worker",), IMAGE_MESSAGES)
    with Sandbox([absent]) as sandbox, pytest.raises(SandboxError, match="installed whole"):
        attack(sandbox, fd, "read_file")


def test_a_parent_that_does_not_come_up_is_an_error_to_act_on(fd: int) -> None:
    with Sandbox([family("hostile:no_such_function")]) as sandbox, pytest.raises(SandboxError, match="start"):
        attack(sandbox, fd, "read_file")


@pytest.mark.parametrize("wall", ["landlock", "seccomp"])
def test_a_missing_wall_is_refused_unless_it_is_accepted(fd: int, wall: str) -> None:
    weaker = family("hostile:decode", "--without", wall)
    with Sandbox([weaker]) as sandbox, pytest.raises(SandboxError, match="accept_partial"):
        attack(sandbox, fd, "read_file")
    with Sandbox([weaker], accept_partial=True) as sandbox:
        assert details(attack(sandbox, fd, "read_file")) == ["content"]
        assert not sandbox.protections("test").complete


def test_an_ordinary_user_is_protected_too() -> None:
    if os.geteuid() != 0:
        pytest.skip("every other test shows it")
    # Loaded by root, since another user may not be able to read this installation.
    body = """
    import socket
    from decoders import family
    from safelight.media.sandbox import python_parent
    from safelight.media.sandbox.channel import Channel
    from safelight.media.sandbox.descriptors import sealed_memfd
    from safelight.media.sandbox.limits import Limits
    from safelight.media.sandbox.protections import probe
    from safelight.media.sandbox.protocol import Collector, pack_request
    import hostile

    os.setgroups([]), os.setresgid(54321, 54321, 54321), os.setresuid(54321, 54321, 54321)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        os._exit(python_parent.main(["--handler", "hostile:decode", "--control", str(theirs.fileno())]))
    theirs.close()
    channel = Channel(ours)
    found = probe(channel, "test")
    assert found.complete, found.missing
    assert found.uid == 54321 and not found.nobody
    request = pack_request(Limits(), b'{"attack": "try_forbidden"}')
    collector = Collector(family("hostile:decode").messages, Limits())
    reply = channel.ask(request, sealed_memfd(b""), collector, 30)
    assert reply.problems == (), reply
    channel.close()
    assert os.wait()[1] == 0
    print("done")
    """
    with run_script(body) as client:
        assert client.stdout.read().split() == ["done"]
