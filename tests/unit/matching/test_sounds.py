"""The index of sounds finds what a look at every pair of items finds, and follows its source."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.lists import HashListInfo, MemoryListStore
from safelight.matching import alignment, matcher
from safelight.matching.alignment import SEED_BITS, Segment
from safelight.matching.index import Agreement, SoundHit
from safelight.matching.matcher import Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.matching.sound_index import TOLD, MemorySoundIndex, SoundIndexes, _runs
from safelight.sounds import TELLING_WINDOW, WINDOW, Items, entropies, packed
from safelight.types import ListClass, ListEntry, Signal, Span

Window = tuple[int, int, int, int]
"""Where a matching window begins in the query and in the listed sound, its width, and bits that differ."""


def made(seed: int, length: int) -> Items:
    return np.random.default_rng(seed).integers(0, 1 << 32, length, dtype=np.uint32)


def noisy(items: Items, share: float, seed: int = 0) -> Items:
    """The items with a share of their bits turned over."""
    flips = np.random.default_rng(seed).random((len(items), 32)) < share
    return items ^ (flips << np.arange(32)).sum(axis=1).astype(np.uint32)


def text(items: Items) -> str:
    return packed(items).hex()


def reference(query: list[int], listed: list[int]) -> set[Window]:
    """The definition in :mod:`safelight.matching.alignment`, word for word."""
    found = set()
    width = min(40, len(query), len(listed))
    gate = telling_windows(query, width)
    query_tells, listed_tells = telling(query), telling(listed)
    for i, q in enumerate(query):
        for j, item in enumerate(listed):
            differ = q ^ item
            half = differ >> 16 == 0 or differ & 0xFFFF == 0
            if not (query_tells[i] and listed_tells[j] and half and differ.bit_count() <= SEED_BITS):
                continue
            places = [(i + by, j + by) for by in range(-len(query), len(query))]
            within = [
                (a, b) for a, b in places if 0 <= a <= len(query) - width and 0 <= b <= len(listed) - width
            ]
            if not within:
                continue
            a, b = min(within, key=lambda place: abs(place[0] - (i - width // 2)))
            errors = sum((query[a + k] ^ listed[b + k]).bit_count() for k in range(width))
            if gate[a] and errors * 100 <= 15 * 32 * width:
                found.add((a, b, width, errors))
    return found


def telling_windows(items: list[int], width: int) -> list[bool]:
    enough = [e >= TELLING_WINDOW for e in entropies(np.array(items, dtype=np.uint32), width)]
    repeats = [at > 0 and items[at] == items[at - 1] for at in range(len(items))]
    return [bool(enough[at]) and sum(repeats[at : at + width]) <= width // 4 for at in range(len(enough))]


def telling(items: list[int]) -> list[bool]:
    width = min(40, len(items))
    windows = telling_windows(items, width)
    return [any(windows[max(0, at - width + 1) : at + 1]) for at in range(len(items))]


def windows(query: Items, listed: list[Items]) -> list[set[Window]]:
    found: list[set[Window]] = [set() for _ in listed]
    for block in Segment(range(len(listed)), listed).search(query):
        for place, *window in zip(
            block.place.tolist(), block.query, block.listed, block.width, block.errors, strict=True
        ):
            found[place].add(tuple(int(each) for each in window))  # type: ignore[arg-type]
    return found


@st.composite
def sounds(draw: st.DrawFn) -> Items:
    """Pieces of a few recordings, more or less noisy, with stretches where nothing changes."""
    pieces = []
    for _ in range(draw(st.integers(1, 3))):
        recording = made(draw(st.integers(0, 2)), 90)
        at, length = draw(st.integers(0, 50)), draw(st.integers(11, 40))
        piece = noisy(recording[at : at + length], draw(st.sampled_from([0, 0.05, 0.12, 0.16])), at)
        pieces.append(np.repeat(piece[:1], length) if draw(st.integers(0, 4)) == 0 else piece)
    return np.concatenate(pieces)


@settings(max_examples=40, deadline=None)
@given(sounds(), st.lists(sounds(), min_size=1, max_size=3), st.sampled_from([7, 1 << 18]))
def test_what_is_found_is_what_the_definition_says(query: Items, listed: list[Items], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "BLOCK", block)
        found = windows(query, listed)
    assert found == [reference(query.tolist(), each.tolist()) for each in listed]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.10, 0.13])
def test_a_copy_as_noisy_as_a_re_encoded_one_is_found_for_as_long_as_it_lasts(share: float) -> None:
    recording = made(1, 600)
    index = MemorySoundIndex("chromaprint")
    index.add([(1, text(recording)), (2, text(made(2, 600)))])
    heard = np.concatenate([made(3, 100), noisy(recording[200:400], share), made(4, 90)])
    (hit,) = index.search(text(heard)).hits
    assert hit.row == 1
    assert 256 * max(0, share - 0.05) <= hit.distance <= 256 * (share + 0.01)
    first, last = hit.agreements[0], hit.agreements[-1]
    assert first.listed - first.start == last.listed - last.start == 100
    assert first.start == pytest.approx(100, abs=12)
    assert last.end == pytest.approx(300, abs=12)


def test_more_than_15_percent_of_the_bits_is_another_sound() -> None:
    recording = made(1, 40)
    index = MemorySoundIndex("chromaprint")
    index.add([(1, text(recording))])
    bits = np.zeros((40, 32), dtype=bool)
    bits[:, :5] = True  # 200 of 1280, all in the lower halves: seeds abound
    over = recording ^ (bits << np.arange(32)).sum(axis=1).astype(np.uint32)
    assert index.search(text(over)).hits == ()
    bits[:8, 4] = False
    (hit,) = index.search(text(recording ^ (bits << np.arange(32)).sum(axis=1).astype(np.uint32))).hits
    assert hit == SoundHit(-(-256 * 192 // 1280), 1, (Agreement(0, 40, 0),))


def test_stretches_that_never_change_are_not_compared() -> None:
    still = np.repeat(made(1, 1), 500)
    index = MemorySoundIndex("chromaprint")
    index.add(
        [(1, text(np.concatenate([made(2, 60), still]))), (2, text(np.concatenate([still, made(3, 60)])))]
    )
    assert index.search(text(np.concatenate([made(4, 60), still, made(5, 60)]))).hits == ()


def test_a_tune_that_repeats_is_told_by_its_longest_agreements() -> None:
    loop = np.tile(made(1, 50), 60)
    index = MemorySoundIndex("chromaprint")
    index.add([(1, text(loop))])
    (hit,) = index.search(text(loop)).hits
    assert hit.agreements[0] == Agreement(0, 3000, 0)
    assert len(hit.agreements) <= TOLD


rows = st.lists(st.integers(0, 11), max_size=30)


@settings(max_examples=40, deadline=None)
@given(rows, rows)
def test_additions_and_withdrawals_in_any_order_leave_what_is_listed(
    added: list[int], gone: list[int]
) -> None:
    store = listing([])
    indexes = SoundIndexes(store)
    for step in range(max(len(added), len(gone))):
        if step < len(added):
            store.add([entry(added[step])])
        if step < len(gone):
            store.withdraw("test", [f"key-{gone[step]}"])
        if step % 3 == 0:
            indexes.of("chromaprint")
    live = dict(store.live("chromaprint"))
    index = indexes.of("chromaprint")
    assert len(index) == len(live)
    for seed in range(12):
        value = entry(seed).signal.value
        assert {hit.row for hit in index.search(value).hits} == {
            row for row, other in live.items() if other == value
        }


def entry(seed: int, type_: str = "chromaprint") -> ListEntry:
    return ListEntry("test", f"key-{seed}", Signal(type_, text(made(100 + seed, 60))))


def listing(entries: list[ListEntry]) -> MemoryListStore:
    store = MemoryListStore()
    store.create(HashListInfo("test", ListClass.TEST))
    store.add(entries)
    return store


def test_a_restored_source_is_read_anew() -> None:
    first, second = listing([entry(1)]), listing([entry(2)])
    source = first
    indexes = SoundIndexes(first)
    assert indexes.of("chromaprint").search(entry(1).signal.value)
    indexes._source = source = second
    assert not indexes.of("chromaprint").search(entry(1).signal.value).hits
    assert indexes.of("chromaprint").search(entry(2).signal.value).hits
    assert source.stamp()


def test_a_match_says_how_closely_and_when() -> None:
    store = listing([entry(1), entry(1, "chromaprint_short")])
    asked = Matcher(store, MemoryIndexes(store))
    heard = noisy(made(101, 60), 0.05)
    signals = [Signal(type_, text(heard)) for type_ in ("chromaprint", "chromaprint_short")]
    first, second = asked.match(signals).matches
    assert (first.signal, second.signal) == tuple(signals)
    assert (first.list, first.entry_key) == ("test", "key-1")
    assert 0 < first.distance <= 38
    assert first.spans == (Span(0.0, 9.9, 0.0),)
    assert second.spans == (Span(0.0, 7.3, 0.0),)
    store.withdraw("test", ["key-1"])
    assert asked.match(signals).matches == ()


def test_fingerprints_of_different_algorithms_are_never_compared() -> None:
    store = listing([entry(1)])
    asked = Matcher(store, MemoryIndexes(store))
    assert asked.match([entry(1, "chromaprint_short").signal]).matches == ()


def test_threads_may_search_while_the_list_grows() -> None:
    store = listing([entry(0)])
    indexes = SoundIndexes(store)
    found: list[bool] = []

    def search() -> None:
        value = entry(0).signal.value
        found.extend(bool(indexes.of("chromaprint").search(value).hits) for _ in range(30))

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for seed in range(1, 40):
        store.add([entry(seed)])
    for thread in threads:
        thread.join()
    assert found == [True] * 90


def test_a_search_that_would_take_too_long_says_that_it_was_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "BLOCK", 10)
    store = listing([entry(1), entry(2)])
    index = SoundIndexes(store).of("chromaprint")
    whole = index.search(entry(1).signal.value)
    assert (len(whole.hits), whole.capped) == (1, False)
    cut = index.search(entry(1).signal.value, whole.blocks - 1)
    assert (cut.blocks, cut.capped) == (whole.blocks - 1, True)
    monkeypatch.setattr(matcher, "MOST_BLOCKS", whole.blocks)
    asked = Matcher(store, MemoryIndexes(store))
    assert not asked.match([entry(1).signal]).capped
    both = asked.match([entry(1).signal, entry(2).signal])
    assert both.capped
    assert [match.entry_key for match in both.matches] == ["key-1"]


def test_a_window_is_40_items() -> None:
    assert WINDOW == 40


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.integers(0, 3)] * 2, st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=12
    )
)
def test_agreements_that_overlap_on_a_diagonal_are_one(given_: list[tuple[int, int, int, int]]) -> None:
    place, diagonal, length, start = (np.array(column) for column in zip(*given_, strict=True))
    runs = _runs(place, start, start + length, start + diagonal)
    covered: dict[tuple[int, int], set[int]] = {}
    for p, d, n, s in given_:
        covered.setdefault((p, d), set()).update(range(2 * s, 2 * (s + n) + 1))  # ends that touch are one
    told: dict[tuple[int, int], list[int]] = {}
    for p, s, e, o in runs.T.tolist():
        told.setdefault((p, o - s), []).extend(range(2 * s, 2 * e + 1))
    assert {where: sorted(cells) for where, cells in covered.items()} == told
