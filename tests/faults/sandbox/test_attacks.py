"""A decoder that a file has taken over harms nobody: what it tries is refused; the next file is decoded."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from captive import Captive

from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.protocol import Reply
from safelight.types import UnscannedReason


def open_descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def only_reason(reply: Reply) -> UnscannedReason:
    assert len(reply.problems) == 1, reply
    return reply.problems[0].reason


def test_nothing_forbidden_comes_through(captive: Captive) -> None:
    assert captive.details("try_forbidden") == []


def test_nothing_forbidden_comes_through_where_threads_are_allowed(unharmed: Callable[..., Captive]) -> None:
    assert unharmed("--threads").details("try_forbidden") == []


def test_a_sibling_cannot_be_signalled_limited_or_read(captive: Captive) -> None:
    captive.wait_until_childless()
    replies = []
    sibling = threading.Thread(target=lambda: replies.append(captive.details("tell_pid", seconds=1.0)))
    sibling.start()
    while not (children := captive.children()):
        pass
    try:
        assert captive.details("try_forbidden", victim=children[0]) == []
    finally:
        sibling.join()
    assert replies == [[f"{children[0]} {captive.parent}", "alive"]]


def test_the_given_file_cannot_be_changed_when_it_lives_in_memory(captive: Captive) -> None:
    fd = sealed_memfd(b"what the file holds")
    try:
        payload = b'{"attack": "try_forbidden"}'
        assert captive.sandbox.decode("test", fd, payload).problems == ()
        assert os.pread(fd, 100, 0) == b"what the file holds"
    finally:
        os.close(fd)


def test_four_gigabytes_are_refused(captive: Captive) -> None:
    reply = captive.attack("take_memory", size=4 << 30)
    assert only_reason(reply) is UnscannedReason.OUT_OF_MEMORY


def test_memory_ends_where_the_request_says(captive: Captive) -> None:
    limits = Limits(memory_bytes=256 << 20)
    reply = captive.attack("take_memory_in_pieces", limits=limits)
    assert only_reason(reply) is UnscannedReason.OUT_OF_MEMORY
    (problem,) = captive.attack("measure_memory", limits=limits).problems
    assert 192 <= int(problem.detail) <= 256


@pytest.mark.parametrize("ignore", [False, True])
def test_processor_time_is_bounded_even_when_the_warning_is_ignored(captive: Captive, ignore: bool) -> None:
    reply = captive.attack("burn", ignore=ignore, limits=Limits(cpu_seconds=1))
    assert only_reason(reply) is UnscannedReason.TIMEOUT
    assert "processor" in reply.problems[0].detail


def test_a_decoder_that_hangs_is_stopped(captive: Captive) -> None:
    reply = captive.attack("hang", limits=Limits(wall_seconds=0.3))
    assert only_reason(reply) is UnscannedReason.TIMEOUT


def test_a_crash_is_told_with_its_signal_and_what_came_before_is_kept(captive: Captive) -> None:
    reply = captive.attack("crash")
    assert [p.reason for p in reply.problems] == [UnscannedReason.DAMAGED, UnscannedReason.CRASHED]
    assert "Segmentation fault" in reply.problems[1].detail


def test_an_abort_is_told_with_its_signal(captive: Captive) -> None:
    reply = captive.attack("abort")
    assert only_reason(reply) is UnscannedReason.CRASHED
    assert "Aborted" in reply.problems[0].detail


def test_an_exception_is_told_by_its_kind_without_its_text(captive: Captive) -> None:
    reply = captive.attack("raise_error")
    assert only_reason(reply) is UnscannedReason.CRASHED
    assert reply.problems[0].detail == "the decoder raised KeyError"


@pytest.mark.parametrize("status", [0, 1, 122, 255])
def test_leaving_without_an_end_is_never_an_empty_result(captive: Captive, status: int) -> None:
    assert only_reason(captive.attack("leave", status=status)) is UnscannedReason.CRASHED


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only x86-64 has a second ABI of 64-bit calls")
def test_a_call_by_a_foreign_abi_kills(captive: Captive) -> None:
    reply = captive.attack("foreign_abi")
    assert only_reason(reply) is UnscannedReason.CRASHED
    assert "Bad system call" in reply.problems[0].detail


_HASHES = ",".join(f'"{"0" * 64}"' for _ in range(8))
PICTURE = '{"picture":{"selectors":[],"width":8,"height":8,"quality":100,"hashes":[' + _HASHES + "]}}"


@pytest.mark.parametrize(
    "message",
    [
        "garbage",
        "\xff\xfe\x00",
        "[]",
        "{}",
        "null",
        '{"picture": null}',
        "[" * 30_000,
        '{"problem":{"reason":"damaged","detail":' + '{"a":' * 8_000,
        '{"unheard":{}}',
        '{"end":{"parts":0},"failed":{"reason":"timeout"}}',
        '{"end":{"parts":2}}',
        '{"end":{"parts":-1}}',
        '{"end":{"parts":NaN}}',
        '{"end":{"parts":1e400}}',
        '{"end":{"parts":"1"}}',
        '{"end":{"parts":true}}',
        '{"problem":{"reason":"clear","detail":""}}',
        '{"problem":{"reason":"not_permitted","detail":""}}',
        '{"problem":{"reason":"damaged","detail":"' + "x" * 201 + '"}}',
        '{"failed":{"reason":"no_list"}}',
        '{"defer":{"to":"/bin/sh"}}',
        PICTURE.replace("0" * 64, "0" * 63, 1),
        PICTURE.replace("0" * 64, "A" * 64, 1),
        PICTURE.replace("0" * 64, "0" * 64 + "\\n", 1),
        PICTURE.replace('"width":8,"height":8', '"width":20000,"height":20000'),
        PICTURE.replace('"quality":100', '"quality":101'),
        PICTURE.replace('"width":8', '"width":0'),
        PICTURE.replace('"width":8', '"width":8.5'),
        PICTURE.replace('"selectors":[]', '"selectors":[["frame","1/../2"]]'),
        PICTURE.replace('"selectors":[]', '"selectors":[["frame","1","2"]]'),
        PICTURE.replace("}}", ',"extra":1}}'),
    ],
)
def test_a_reply_that_no_sound_decoder_sends_is_kept_in_no_part(
    captives: Callable[..., Captive], message: str
) -> None:
    reply = captives().attack("send", messages=[PICTURE, message])
    assert reply.messages == ()
    assert only_reason(reply) is UnscannedReason.BAD_REPLY


def test_an_oversized_message_is_refused(captive: Captive) -> None:
    assert only_reason(captive.attack("send_big", size=80_000)) is UnscannedReason.BAD_REPLY


def test_an_empty_message_is_not_an_end(captive: Captive) -> None:
    reply = captive.attack("send", messages=[""], then="hang", limits=Limits(wall_seconds=1))
    assert only_reason(reply) is UnscannedReason.CRASHED


def test_a_flood_is_cut_off_and_its_child_killed(captive: Captive) -> None:
    limits = Limits(max_parts=100)
    assert only_reason(captive.attack("flood", limits=limits)) is UnscannedReason.BAD_REPLY
    captive.wait_until_childless()


def test_a_forged_failure_makes_nothing_clear(captive: Captive) -> None:
    reply = captive.attack("send", messages=[PICTURE, '{"failed":{"reason":"timeout"}}'], then="hang")
    assert only_reason(reply) is UnscannedReason.TIMEOUT


def test_no_descriptor_comes_back_even_without_seccomp(unharmed: Callable[..., Captive]) -> None:
    unprotected = unharmed("--without", "seccomp")
    before = open_descriptors()
    reply = unprotected.attack("pass_descriptor")
    assert only_reason(reply) is UnscannedReason.BAD_REPLY  # the byte that carried it is no message
    assert open_descriptors() == before


def test_a_child_that_stays_after_its_end_is_removed(captive: Captive) -> None:
    assert captive.attack("end_and_stay").problems == ()
    captive.wait_until_childless()


def test_no_second_task_where_the_family_has_no_threads(captive: Captive) -> None:
    assert captive.details("threads", count=1) == ["refused after 0"]


def test_no_second_task_even_without_seccomp(unharmed: Callable[..., Captive]) -> None:
    if os.geteuid() != 0:
        pytest.skip("RLIMIT_NPROC counts this user's other processes too, but the limit of 0 holds")
    assert unharmed("--without", "seccomp").details("threads", count=1) == ["refused after 0"]


def test_threads_run_where_the_family_has_them(unharmed: Callable[..., Captive]) -> None:
    assert unharmed("--threads").details("threads", count=8, seconds=0.05) == ["started 8"]


@pytest.mark.parametrize("options", [("--threads",), ("--threads", "--without", "scoping")])
def test_a_bomb_of_threads_is_stopped_and_siblings_go_on(
    unharmed: Callable[..., Captive], options: tuple[str, ...]
) -> None:
    captive = unharmed(*options)
    replies = []
    sibling = threading.Thread(target=lambda: replies.append(captive.details("tell_pid", seconds=0.5)))
    sibling.start()
    reply = captive.attack("threads", count=1_000_000, seconds=30, stack=32768)
    sibling.join()
    assert reply.problems[-1].reason is UnscannedReason.CRASHED
    assert reply.problems[-1].detail == "more than 64 threads"
    assert replies[0][-1] == "alive"
