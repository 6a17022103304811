"""Requests are packed as the parent reads them; replies are believed as far as their rules hold."""

from __future__ import annotations

import json

import pytest

from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import IMAGE_MESSAGES, PictureFound
from safelight.media.sandbox.protocol import MAX_MESSAGE, MAX_REPLY_BYTES, Collector, Reply, pack_request
from safelight.types import Part, Problem, UnscannedReason


def encode(**kind: object) -> bytes:
    return json.dumps(kind).encode()


PICTURE = encode(picture={"width": 4, "height": 3, "quality": 7, "hashes": ["0" * 64] * 8})
PROBLEM = encode(problem={"reason": "damaged", "detail": "frame", "selectors": [["frame", "2"]]})


def collect(*messages: bytes) -> Reply:
    collector = Collector(IMAGE_MESSAGES, Limits())
    for message in messages:
        if reply := collector.add(message):
            return reply
    raise AssertionError("no end")


def test_the_header_is_the_one_that_the_parent_reads() -> None:
    limits = Limits(wall_seconds=1.5, cpu_seconds=2, memory_bytes=3 << 20, max_pixels=4, max_parts=5)

    assert pack_request(limits, b"xyz", flags=1).hex() == (
        "9711fe5a" + "01000000" + "dc050000" + "02000000" + "0000300000000000" + "0400000000000000"
        + "05000000" + "01000000" + "03000000" + "00000000" + b"xyz".hex()
    )  # fmt: skip


def test_a_payload_too_long_for_a_request_is_an_error() -> None:
    with pytest.raises(ValueError, match="fit a request"):
        pack_request(Limits(), b"x" * (MAX_MESSAGE + 1))


def test_findings_and_problems_are_told_apart() -> None:
    reply = collect(PICTURE, PROBLEM, encode(end={"parts": 1}))
    (picture,) = reply.messages
    assert isinstance(picture, PictureFound)
    assert reply.problems == (Problem(UnscannedReason.DAMAGED, Part(selectors=(("frame", "2"),)), "frame"),)


def test_nothing_is_concluded_before_the_end() -> None:
    collector = Collector(IMAGE_MESSAGES, Limits())
    assert collector.add(PICTURE) is None
    assert collector.add(PROBLEM) is None


def test_what_came_before_a_failure_is_kept() -> None:
    reply = collect(PICTURE, encode(failed={"reason": "timeout", "detail": "x"}))
    assert len(reply.messages) == 1
    assert [p.reason for p in reply.problems] == [UnscannedReason.TIMEOUT]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("timeout", UnscannedReason.TIMEOUT),
        ("out_of_memory", UnscannedReason.OUT_OF_MEMORY),
        ("crashed", UnscannedReason.CRASHED),
        ("refused", UnscannedReason.SANDBOX_UNAVAILABLE),
        ("unconfined", UnscannedReason.SANDBOX_UNAVAILABLE),
    ],
)
def test_every_failure_has_its_reason(reason: str, told: UnscannedReason) -> None:
    assert [p.reason for p in collect(encode(failed={"reason": reason})).problems] == [told]


@pytest.mark.parametrize(
    "messages",
    [
        (PICTURE, b"x"),
        (PICTURE, encode(end={"parts": 0})),
        (PICTURE, encode(end={"parts": 2})),
        (PICTURE, b" " * (MAX_MESSAGE + 1)),
        (PICTURE, PICTURE.replace(b"4", b"100000", 1).replace(b"3", b"100000", 1)),
        (PICTURE,) * (4 * 3000 + 17),
        (PROBLEM + b" " * 50_000,) * (MAX_REPLY_BYTES // 50_000),
    ],
)
def test_a_reply_that_breaks_a_rule_is_kept_in_no_part(messages: tuple[bytes, ...]) -> None:
    reply = collect(*messages)
    assert reply.messages == ()
    assert [p.reason for p in reply.problems] == [UnscannedReason.BAD_REPLY]


def test_as_many_frames_as_allowed_fit_a_reply() -> None:
    limits = Limits()
    full = encode(
        picture={"selectors": [["frame", "2999"], ["over", "white"]], "width": 10_000, "height": 10_000,
                 "quality": 100, "hashes": ["f" * 64] * 8}
    )  # fmt: skip
    reply = collect(*[full] * (2 * limits.max_parts), encode(end={"parts": 2 * limits.max_parts}))
    assert len(reply.messages) == 6000
    assert reply.problems == ()
