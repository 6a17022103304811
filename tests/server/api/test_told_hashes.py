"""Frames and sounds that a platform tells are compared as those of a file, and counted by what they ask."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from safelight.frames import Frame, write_frames
from safelight.lists import HashList, MemoryListStore
from safelight.matching.matcher import Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.scan.policy import DEFAULT_POLICY
from safelight.server.lookups.hashes import ITEMS_A_SEARCH, ToldHashes
from safelight.sounds import packed
from safelight.types import Coverage, Outcome, ScanResult, UnhashableReason, UnscannedReason
from safelight.values import MOST_ITEMS

RANDOM = random.Random(21)
LOOKS = [RANDOM.randbytes(32).hex() for _ in range(20)]
SHA256 = "5e" * 32


def frames(values: list[str], quality: int = 100) -> str:
    return write_frames(Frame(value, quality, n) for n, value in enumerate(values))


def items(seed: int, count: int) -> str:
    return packed(np.random.default_rng(seed).integers(0, 1 << 32, count, dtype=np.uint32)).hex()


def compared(told: ToldHashes, *lists: HashList, **percents: int) -> ScanResult:
    """What the matcher and the built-in policy make of it, as of any file."""
    store = MemoryListStore(lists)
    if percents:
        store.change("videos", **percents)
    seen = told.observation()
    found = Matcher(store, MemoryIndexes(store)).match(seen.signals)
    seen = replace(seen, matches=found.matches, searched=found.searched)
    return ScanResult(seen, DEFAULT_POLICY.verdict(seen))


def videos(values: list[str]) -> HashList:
    made = HashList("videos", "csam")
    made.add("vpdq", frames(values), key="v-1")
    return made


def test_a_video_matches_by_the_shares_that_the_list_asks_for() -> None:
    told = ToldHashes(SHA256, vpdq=frames(LOOKS[:10]))
    found = compared(told, videos(LOOKS[:5] + LOOKS[10:]))
    assert (found.verdict.outcome, found.observation.matches) == (Outcome.CLEAR, ())
    found = compared(told, videos(LOOKS[:5] + LOOKS[10:]), query_percent=50)
    (match,) = found.observation.matches
    assert (found.verdict.outcome, match.coverage) == (Outcome.HOLD, Coverage(0.5, pytest.approx(1 / 3)))


def test_frames_are_compared_with_listed_pictures_too() -> None:
    pictures = HashList("pictures", "csam")
    pictures.add("pdq", LOOKS[3])
    found = compared(ToldHashes(SHA256, vpdq=frames(LOOKS[:10])), pictures)
    assert [str(match.signal.part) for match in found.observation.matches] == ["#t=3.0"]


def test_a_video_of_plain_frames_is_limited() -> None:
    found = compared(ToldHashes(SHA256, vpdq=frames(LOOKS, 20)), videos(LOOKS))
    assert (found.verdict.outcome, found.verdict.limited) == (Outcome.CLEAR, UnhashableReason.TOO_PLAIN)


def test_an_excerpt_of_a_listed_sound_is_found_wherever_a_long_one_holds_it() -> None:
    sounds = HashList("sounds", "csam")
    sounds.add("chromaprint", items(1, 200), key="s-1")
    long = items(2, MOST_ITEMS - 100) + items(1, 200) + items(3, 500)
    found = compared(ToldHashes(SHA256, chromaprint=long), sounds)
    assert found.verdict.outcome is Outcome.HOLD
    spans = [span for match in found.observation.matches for span in match.spans]
    assert min(span.start for span in spans) == pytest.approx((MOST_ITEMS - 100) * 1365 / 11025, abs=0.1)
    assert compared(ToldHashes(SHA256, chromaprint=items(4, 300)), sounds).verdict.outcome is Outcome.CLEAR


def test_a_steady_sound_is_limited_and_digests_alone_are_unscanned() -> None:
    sounds = HashList("sounds", "csam")
    sounds.add("chromaprint", items(1, 200), key="s-1")
    found = compared(ToldHashes(SHA256, chromaprint="0f0f0f0f" * 100), sounds)
    assert found.verdict.limited is UnhashableReason.TOO_STEADY
    assert compared(ToldHashes(SHA256), sounds).verdict.reason is UnscannedReason.UNSUPPORTED


@pytest.mark.parametrize(
    ("told", "searches"),
    [
        ({}, 1),
        ({"pdq": LOOKS[0]}, 1),
        ({"vpdq": frames(LOOKS)}, 20),
        ({"vpdq": frames(LOOKS[:4] * 5)}, 4),
        ({"vpdq": frames(LOOKS, 20)}, 1),
        ({"chromaprint": items(1, ITEMS_A_SEARCH)}, 1),
        ({"chromaprint": items(1, ITEMS_A_SEARCH + 1), "vpdq": frames(LOOKS)}, 22),
    ],
)
def test_it_counts_as_many_look_ups_as_it_asks_for(told: dict[str, str], searches: int) -> None:
    assert ToldHashes(SHA256, **told).searches == searches  # type: ignore[arg-type]


def test_only_what_says_which_file_it_is_is_kept_until_it_is_delivered() -> None:
    told = ToldHashes(SHA256, pdq=LOOKS[0], vpdq=None, chromaprint=items(1, 20))
    assert ToldHashes.from_json(told.to_json()) == ToldHashes(SHA256)
