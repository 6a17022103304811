"""The channel that members come back through believes nothing: bytes are data, every length has an end."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from decoders import family

from safelight.media.content import Content
from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import ARCHIVE_MESSAGES
from safelight.media.sandbox.protocol import MAX_MESSAGE, Collector, Reply
from safelight.media.unpacking import Allowance, Place, Unpacking
from safelight.types import UnscannedReason

MEMBER = json.dumps({"member": {"name": "a"}})
DATA = "\0some bytes"
MEMBER_END = json.dumps({"member_end": {"whole": True}})
END = json.dumps({"end": {"parts": 1}})


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    decoders = [
        family("hostile:decode", name="archive", messages=ARCHIVE_MESSAGES),
        family("hostile:decode", name="test"),
    ]
    with Sandbox(decoders) as sandbox:
        yield sandbox


@dataclass
class Taken:
    """What a trusted side made of a hostile decoder's members."""

    limits: Limits
    contents: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unpacking = Unpacking(
            self.limits, Allowance.of(self.limits), self._inspect, nests=lambda content: False
        )

    def _inspect(self, _place: Place, content: Content) -> Findings:
        self.contents.append(os.pread(content.fd, 100, 0))
        with pytest.raises(PermissionError):
            os.write(content.fd, b"sealed")
        return Findings()

    def attack(
        self, sandbox: Sandbox, fd: int, name: str, family: str = "archive", **arguments: object
    ) -> Reply:
        payload = json.dumps({"attack": name, "arguments": arguments}).encode()
        with self.unpacking.members():
            return sandbox.decode(family, fd, payload, limits=self.limits, members=self.unpacking)

    @property
    def reasons(self) -> list[tuple[UnscannedReason, str]]:
        return [(problem.reason, str(problem.part)) for problem in self.unpacking.findings.problems]


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    def descriptors() -> int:
        return sum(
            "safelight" in str(p.readlink()) for p in Path("/proc/self/fd").iterdir() if p.is_symlink()
        )

    before = descriptors()
    yield
    assert descriptors() == before


def test_members_come_back_byte_for_byte(sandbox: Sandbox, fd: int) -> None:
    taken = Taken(Limits())
    reply = taken.attack(sandbox, fd, "send", messages=[MEMBER, "\0\0{", "\0}", MEMBER_END, END])
    assert reply.problems == ()
    assert taken.contents == [b"\0{}"]
    assert {str(signal.part) for signal in taken.unpacking.findings.signals} == {"!a"}


@pytest.mark.parametrize(
    "messages",
    [
        [DATA, END],
        [MEMBER, MEMBER],
        [MEMBER, DATA, END],
        [MEMBER_END],
        [MEMBER, MEMBER_END, MEMBER_END],
        [MEMBER, MEMBER_END, DATA],
        [MEMBER, "\0", MEMBER_END, END],
        [json.dumps({"member": {"name": ""}})],
        [json.dumps({"member": {"name": "x" * 1025}})],
        [json.dumps({"member": {"name": 1}})],
        [json.dumps({"member": {"name": "a", "size": 1}})],
        [json.dumps({"member": {"name": "a"}, "member_end": {}})],
        ['{"member":{"name":"\\ud800"}}'],
        [MEMBER, json.dumps({"member_end": {"whole": 1}})],
        [MEMBER, MEMBER_END, json.dumps({"end": {"parts": 2}})],
        [json.dumps({"picture": {"width": 1, "height": 1, "quality": 1, "hashes": ["0" * 64] * 8}})],
    ],
    ids=lambda messages: messages[-1][:40].encode("unicode_escape").decode(),
)
def test_what_no_sound_decoder_sends_ends_the_reply(messages: list[str], sandbox: Sandbox, fd: int) -> None:
    reply = Taken(Limits()).attack(sandbox, fd, "send", messages=messages, then="hang")
    assert [problem.reason for problem in reply.problems] == [UnscannedReason.BAD_REPLY]


def test_a_packet_of_data_has_a_length() -> None:
    taken = Taken(Limits())
    for packet, taken_in in ((bytes(MAX_MESSAGE), True), (bytes(MAX_MESSAGE + 1), False)):
        collector = Collector(ARCHIVE_MESSAGES, taken.limits, taken.unpacking)
        assert collector.add(MEMBER.encode()) is None
        assert (collector.add(packet) is None) is taken_in
        if taken_in:
            taken.unpacking.end(whole=False)


def test_a_family_without_members_has_none(sandbox: Sandbox, fd: int) -> None:
    for messages in ([DATA], [MEMBER], [MEMBER, DATA, MEMBER_END]):
        taken = Taken(Limits())
        reply = taken.attack(sandbox, fd, "send", "test", messages=messages)
        assert [problem.reason for problem in reply.problems] == [UnscannedReason.BAD_REPLY]
        assert taken.contents == []


def test_a_name_is_a_label_and_cleaned(sandbox: Sandbox, fd: int) -> None:
    taken = Taken(Limits())
    name = json.dumps({"member": {"name": "../../\x1b[31m!b#c=\u202e"}})
    taken.attack(sandbox, fd, "send", messages=[name, DATA, MEMBER_END, END])
    parts = {str(signal.part) for signal in taken.unpacking.findings.signals}
    assert parts == {"!../../\ufffd[31m%21b%23c=\ufffd"}


def test_one_name_twice_is_two_addresses(sandbox: Sandbox, fd: int) -> None:
    taken = Taken(Limits())
    end = json.dumps({"end": {"parts": 3}})
    taken.attack(sandbox, fd, "send", messages=[*[MEMBER, DATA, MEMBER_END] * 3, end])
    assert {str(s.part) for s in taken.unpacking.findings.signals} == {"!a", "!a~2", "!a~3"}


def test_a_member_without_end_is_given_up_and_takes_no_memory(sandbox: Sandbox, fd: int) -> None:
    taken = Taken(Limits(max_member_bytes=1 << 20, max_unpacked_bytes=300 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reply = taken.attack(sandbox, fd, "flood_member")
    assert [problem.reason for problem in reply.problems] == [UnscannedReason.TOO_LARGE]
    assert taken.reasons == [(UnscannedReason.TOO_LARGE, "!big")]
    assert taken.contents == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_members_without_end_are_given_up(sandbox: Sandbox, fd: int) -> None:
    taken = Taken(Limits(max_members=7))
    reply = taken.attack(sandbox, fd, "flood_members")
    assert [problem.reason for problem in reply.problems] == [UnscannedReason.TOO_MANY_PARTS]
    assert taken.contents == [b"x"] * 7


@pytest.mark.parametrize(
    ("attack", "reason"),
    [("hang_in_member", UnscannedReason.TIMEOUT), ("crash_in_member", UnscannedReason.CRASHED)],
)
def test_half_a_member_is_looked_at_and_not_digested(
    attack: str, reason: UnscannedReason, sandbox: Sandbox, fd: int
) -> None:
    taken = Taken(Limits(wall_seconds=2))
    reply = taken.attack(sandbox, fd, attack)
    assert [problem.reason for problem in reply.problems] == [reason]
    assert taken.contents == [b"what came"]
    assert taken.reasons == [(UnscannedReason.TRUNCATED, "!half")]
    assert taken.unpacking.findings.signals == ()


def test_a_decoder_does_not_pay_for_the_time_its_members_take(sandbox: Sandbox, fd: int) -> None:
    import time

    class Slow(Taken):
        def _inspect(self, place: Place, content: Content) -> Findings:
            time.sleep(0.4)
            return super()._inspect(place, content)

    taken = Slow(Limits(wall_seconds=1))
    end = json.dumps({"end": {"parts": 4}})
    reply = taken.attack(sandbox, fd, "send", messages=[*[MEMBER, DATA, MEMBER_END] * 4, end])
    assert reply.problems == ()
    assert len(taken.contents) == 4
