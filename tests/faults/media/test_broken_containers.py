"""Broken archives, documents and models end as findings or problems; nothing else is harmed by them."""

from __future__ import annotations

import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from container_files import corpus
from mutations import mutated

from safelight.media import OpenedFile, inspect, open_media
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.types import UnscannedReason

LIMITS = Limits(wall_seconds=10, cpu_seconds=10, max_pixels=1_000_000, max_unpacked_bytes=64 << 20)
_AT_ONCE = 4
_SLACK_SECONDS = 60  # on a busy machine; a hang would be minutes

CORPUS = corpus()
CRASHED = "a decoder died; the sandbox held, and the decoder wants looking at"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=LIMITS) as sandbox:
        sandbox.start()
        yield sandbox


@pytest.mark.parametrize("family", CORPUS)
def test_the_files_that_are_broken_here_are_whole_before(family: str, sandbox: Sandbox) -> None:
    for content in CORPUS[family]:
        with open_media(content) as opened:
            assert isinstance(opened, OpenedFile)
            findings = inspect(opened, sandbox)
        assert findings.signals
        reasons = {problem.reason for problem in findings.problems}
        assert reasons <= {UnscannedReason.UNSUPPORTED, UnscannedReason.ENCRYPTED}


def broken(family: str, seed: int, count: int, sandbox: Sandbox) -> Counter[str]:
    """Look at mutated files, some at a time; how they ended."""
    parents = sandbox.pids()

    def one(number: int) -> list[str]:
        content = mutated(CORPUS[family], random.Random(seed + number))
        began = time.monotonic()
        with open_media(content) as opened:
            if not isinstance(opened, OpenedFile):
                return []
            findings = inspect(opened, sandbox)
        assert time.monotonic() - began < 3 * LIMITS.wall_seconds + _SLACK_SECONDS, number
        reasons = {problem.reason for problem in findings.problems}
        assert findings or reasons, number
        assert not reasons & {UnscannedReason.BAD_REPLY, UnscannedReason.SANDBOX_UNAVAILABLE}, number
        return ["files", *([reason.value for reason in reasons] or ["whole"])]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ended = Counter(each for ends in pool.map(one, range(count)) for each in ends)
    assert sandbox.pids() == parents, "a parent was replaced"
    return ended


@pytest.mark.parametrize("family", CORPUS)
def test_broken_files_harm_nothing_else(family: str, sandbox: Sandbox) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ended = broken(family, 1, 350, sandbox)
    assert ended["files"] > 300
    assert ended["crashed"] == 0, CRASHED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20, "over a GiB in the parent"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("family", CORPUS)
def test_very_many_broken_files(family: str, sandbox: Sandbox) -> None:
    seed = int(time.time())
    ended = broken(family, seed, 7_000, sandbox)
    print(f"FIGURE broken_{family}_files {ended['files']} seed={seed} {dict(ended)}")
    assert ended["crashed"] == 0, CRASHED
