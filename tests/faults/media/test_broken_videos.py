"""Broken videos, and decoders that were taken over by one, end as problems; nothing else is harmed."""

from __future__ import annotations

import io
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import av
import pytest
from decoders import family
from mutations import mutated
from video_mutations import CORPUS

from safelight.media import video
from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.families import VIDEO
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import VIDEO_MESSAGES
from safelight.types import UnscannedReason

LIMITS = Limits(wall_seconds=4, cpu_seconds=4, max_pixels=1_000_000, memory_bytes=512 << 20)
_AT_ONCE = 4
_SLACK_SECONDS = 60  # on a busy machine; a hang would be for ever


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    return [each.bytes() for each in CORPUS]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox([VIDEO], limits=LIMITS) as sandbox:
        sandbox.start()
        yield sandbox


def look(content: bytes, sandbox: Sandbox) -> Findings:
    fd = sealed_memfd(content)
    try:
        return video.look(fd, sandbox)
    finally:
        os.close(fd)


def test_the_files_that_are_broken_here_are_whole_before(files: list[bytes], sandbox: Sandbox) -> None:
    for content in files:
        found = look(content, sandbox)
        assert found
        assert found.problems == ()


def only_sound(content: bytes) -> bool:
    """Whether what is left of it has no picture stream, which is for the decoders of sound to say."""
    with av.open(io.BytesIO(content)) as container:
        return not container.streams.video and bool(container.streams.audio)


def broken(files: list[bytes], seed: int, count: int, sandbox: Sandbox) -> Counter[str]:
    """Look at mutated files, some at a time; how they ended."""
    parents = sandbox.pids()

    def one(number: int) -> list[str]:
        content = mutated(files, random.Random(seed + number))
        began = time.monotonic()
        found = look(content, sandbox)
        assert time.monotonic() - began < 4 * video.PATIENCE * LIMITS.wall_seconds + _SLACK_SECONDS, number
        reasons = {problem.reason for problem in found.problems}
        assert found or reasons or only_sound(content), number
        assert not reasons & {UnscannedReason.BAD_REPLY, UnscannedReason.SANDBOX_UNAVAILABLE}, number
        return [reason.value for reason in reasons] or ["whole"]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ended = Counter(reason for reasons in pool.map(one, range(count)) for reason in reasons)
    assert sandbox.pids() == parents, "a parent was replaced"
    return ended


def test_broken_videos_end_well(files: list[bytes], sandbox: Sandbox) -> None:
    ended = broken(files, 1, 200, sandbox)
    assert min(ended["whole"], ended["damaged"]) > 10, ended


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_many_broken_videos_lose_no_parent(files: list[bytes], sandbox: Sandbox) -> None:
    seed = int(time.time())
    ended = broken(files, seed, 8_000, sandbox)
    print(f"FIGURE mutated_videos_confined=8000 parents_lost=0 seed={seed} outcomes={json.dumps(ended)}")


@pytest.fixture(scope="module")
def taken_over() -> Iterator[Sandbox]:
    decoder = family("hostile_video:decode", name="video", messages=VIDEO_MESSAGES)
    with Sandbox([decoder], limits=LIMITS) as sandbox:
        yield sandbox


def said(behaviour: str, sandbox: Sandbox) -> Findings:
    return look(behaviour.encode(), sandbox)


def test_a_decoder_that_never_gets_on_is_left(taken_over: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "MOST_CHILDREN", 20)
    for behaviour in ("stands still", "creeps"):
        found = said(behaviour, taken_over)
        assert [problem.reason for problem in found.problems] == [UnscannedReason.TIMEOUT]


def test_streams_without_end_are_not_all_asked_for(taken_over: Sandbox) -> None:
    found = said("has streams without end", taken_over)
    assert [problem.reason for problem in found.problems] == [UnscannedReason.TOO_MANY_PARTS]


FRAME = {"t": 1.0, "quality": 100, "hashes": ["0" * 63 + "1"] * 8}
RESUME = {"packets": 0, "pts": 0, "until": 1.0, "shift": 0.0, "shown": None}


@pytest.mark.parametrize(
    "message",
    [
        {"frame": {**FRAME, "t": -1.0}},
        {"frame": {**FRAME, "t": 1e13}},
        {"frame": {**FRAME, "quality": 101}},
        {"frame": {**FRAME, "hashes": ["0" * 64] * 7}},
        {"frame": {**FRAME, "hashes": ["0" * 63] * 8}},
        {"frame": {**FRAME, "member": "a"}},
        {"streams": {"video": -1, "audio": 0}},
        {"streams": {"video": 1}},
        {"video": {"width": 0, "height": 1}},
        {"video": {"width": 1, "height": 1, "seconds": "1"}},
        {"resume": {**RESUME, "until": 1e13}},
        {"resume": {**RESUME, "packets": -1}},
        {"resume": {**RESUME, "pts": 1 << 63}},
        {"resume": {**RESUME, "shown": "../../etc"}},
        {"picture": {"width": 1, "height": 1, "quality": 1, "hashes": ["0" * 64] * 8}},
        {"end": {"parts": 1}},
    ],
    ids=lambda message: json.dumps(message)[:40],
)
def test_what_no_sound_decoder_sends_ends_the_reply(message: object, taken_over: Sandbox) -> None:
    found = said(json.dumps(message) + '\n{"end":{"parts":0}}', taken_over)
    assert [problem.reason for problem in found.problems] == [UnscannedReason.BAD_REPLY]
    assert not found


def test_numbers_that_are_none_end_the_reply(taken_over: Sandbox) -> None:
    for text in ("NaN", "Infinity", "1e400"):
        found = said(json.dumps({"frame": FRAME}).replace("1.0", text) + '\n{"end":{"parts":1}}', taken_over)
        assert [problem.reason for problem in found.problems] == [UnscannedReason.BAD_REPLY]


def test_nothing_forbidden_comes_through_in_the_child_of_the_product(sandbox: Sandbox) -> None:
    held = sandbox.protections("video")
    assert held.complete, held.missing
    assert all(attempt.refused for attempt in held.attempts)
