"""A matcher tells which entries of which enabled lists a file's signals match, and never a listed value."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from types import ModuleType

import pytest

from safelight.errors import IndexDamaged
from safelight.lists import HashListInfo, MemoryListStore
from safelight.lists.store import HELD
from safelight.matching.index import Hits
from safelight.matching.kinds import INDEXED, PDQ
from safelight.matching.matcher import Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.types import ListClass, ListEntry, Part, Signal, Transform

CENTER = random.Random(1).getrandbits(256)
Near = Callable[[int], str]
MD5 = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def store() -> MemoryListStore:
    made = MemoryListStore()
    made.create(HashListInfo("alpha", ListClass.TEST, distance=31))
    made.create(HashListInfo("beta", ListClass.NCII, distance=10, shadow=True))
    return made


@pytest.fixture
def near(doubles: ModuleType) -> Near:
    return lambda bits: doubles.near(CENTER, range(bits))


@pytest.fixture
def query() -> Signal:
    return Signal("pdq", f"{CENTER:064x}", 100)


def listed(store: MemoryListStore, list_: str, key: str, value: str, type_: str = "pdq") -> None:
    store.add([ListEntry(list_, key, Signal(type_, value), "A1")])


@pytest.fixture(params=["digests by the store", "digests by index"])
def matcher(request: pytest.FixtureRequest, store: MemoryListStore) -> Matcher:
    types = (PDQ, INDEXED["md5"]) if "index" in request.param else (PDQ,)
    return Matcher(store, MemoryIndexes(store, types))


def test_without_an_enabled_entry_nothing_was_searched(
    store: MemoryListStore, matcher: Matcher, query: Signal
) -> None:
    assert matcher.match([query]).searched == ()
    listed(store, "alpha", "a", f"{CENTER:064x}")
    store.change("alpha", enabled=False)
    assert matcher.match([query]).searched == ()


def test_what_was_searched_is_told(
    store: MemoryListStore, matcher: Matcher, query: Signal, near: Near
) -> None:
    listed(store, "alpha", "a", near(0))
    assert [(s.name, s.list_class, s.entries) for s in matcher.match([query]).searched] == [
        ("alpha", ListClass.TEST, 1)
    ]


def test_what_a_held_list_or_a_held_entry_matches_is_told_as_held(
    store: MemoryListStore, matcher: Matcher, query: Signal, near: Near
) -> None:
    store.create(HashListInfo("gamma", ListClass.NCII, held=True))
    listed(store, "gamma", "a", near(0))
    store.add([ListEntry("alpha", "b", Signal("pdq", near(1)), flags=frozenset({HELD}))])
    listed(store, "alpha", "c", near(2))
    told = {match.entry_key: (match.held, match.shadow) for match in matcher.match([query]).matches}
    assert told == {"a": (True, False), "b": (True, False), "c": (False, False)}


def test_a_match_tells_all_but_the_listed_value(
    store: MemoryListStore, matcher: Matcher, query: Signal, near: Near
) -> None:
    listed(store, "beta", "key-1", near(7))
    (match,) = matcher.match([query]).matches
    assert (match.list, match.list_class, match.entry_key) == ("beta", ListClass.NCII, "key-1")
    assert (match.classification, match.distance, match.shadow) == ("A1", 7, True)
    assert match.transform is Transform.ORIGINAL
    assert match.signal == query
    assert near(7) not in repr(asdict(match))


@pytest.mark.parametrize(("distance", "found"), [(31, True), (32, False)])
def test_each_list_reaches_as_far_as_it_says(
    store: MemoryListStore, matcher: Matcher, query: Signal, near: Near, distance: int, found: bool
) -> None:
    listed(store, "alpha", "a", near(distance))
    listed(store, "beta", "b", near(11))
    assert [m.list for m in matcher.match([query]).matches] == (["alpha"] if found else [])


def test_settings_and_withdrawals_take_effect_at_the_next_search(
    store: MemoryListStore, matcher: Matcher, query: Signal, near: Near
) -> None:
    listed(store, "alpha", "a", near(40))
    assert matcher.match([query]).matches == ()
    store.change("alpha", distance=40)
    assert len(matcher.match([query]).matches) == 1
    store.change("alpha", enabled=False)
    assert matcher.match([query]).matches == ()
    store.change("alpha", enabled=True)
    assert len(matcher.match([query]).matches) == 1
    store.withdraw("alpha", ["a"])
    assert matcher.match([query]).matches == ()
    listed(store, "alpha", "a", near(3))
    assert [m.distance for m in matcher.match([query]).matches] == [3]
    store.remove("alpha")
    assert matcher.match([query]).matches == ()


def test_the_nearest_way_of_turning_is_told_once(
    store: MemoryListStore, matcher: Matcher, near: Near
) -> None:
    listed(store, "alpha", "a", near(0))
    values = [near(30), near(20), near(5), near(25), near(5), near(6), near(7), near(8)]
    signal = Signal("pdq", values[0], 100, variants=tuple(values[1:]))
    (match,) = matcher.match([signal]).matches
    assert (match.distance, match.transform) == (5, Transform.ROTATE_180)


def test_an_entry_of_several_hashes_is_told_once_a_part(
    store: MemoryListStore, matcher: Matcher, near: Near
) -> None:
    for bits in (4, 2, 6):
        listed(store, "alpha", "film", near(bits))
    parts = [Part(selectors=(("frame", str(n)),)) for n in range(2)]
    matched = matcher.match([Signal("pdq", near(0), 100, part) for part in parts])
    assert [(m.signal.part, m.distance) for m in matched.matches] == [(parts[0], 2), (parts[1], 2)]


def test_digests_match_by_equality_beside_pictures(
    store: MemoryListStore, matcher: Matcher, query: Signal, near: Near
) -> None:
    listed(store, "alpha", "a", MD5, "md5")
    listed(store, "alpha", "a", near(9))
    listed(store, "alpha", "other", "f" + MD5[1:], "md5")
    signals = [Signal("md5", MD5), Signal("sha1", "0" * 40), query]
    assert [(m.signal.type, m.entry_key, m.distance) for m in matcher.match(signals).matches] == [
        ("md5", "a", 0),
        ("pdq", "a", 9),
    ]
    store.change("alpha", enabled=False)
    listed(store, "beta", "b", near(0))
    assert [m.list for m in matcher.match(signals).matches] == ["beta"]


def test_matches_are_ordered_by_signal_then_nearness(
    store: MemoryListStore, matcher: Matcher, near: Near
) -> None:
    for bits in (9, 3, 6):
        listed(store, "alpha", f"k{bits}", near(bits))
    assert [m.distance for m in matcher.match([Signal("pdq", near(0))]).matches] == [3, 6, 9]


def test_more_matches_than_the_cap_are_said_to_be_more(
    store: MemoryListStore, query: Signal, near: Near
) -> None:
    for n in range(5):
        listed(store, "alpha", f"k{n}", near(n))
    matcher = Matcher(store, MemoryIndexes(store), cap=3)
    matched = matcher.match([query])
    assert [m.distance for m in matched.matches] == [0, 1, 2]
    assert matched.capped
    assert not Matcher(store, MemoryIndexes(store), cap=5).match([query]).capped


def test_rows_of_disabled_or_narrower_lists_do_not_crowd_out_others(
    store: MemoryListStore, query: Signal, near: Near
) -> None:
    store.create(HashListInfo("crowd", ListClass.TEST))
    for n in range(50):
        listed(store, "crowd", f"c{n}", near(1))
        listed(store, "beta", f"b{n}", near(12))
    listed(store, "alpha", "a", near(20))
    store.change("crowd", enabled=False)
    matched = Matcher(store, MemoryIndexes(store), cap=4).match([query])
    assert [(m.list, m.distance) for m in matched.matches] == [("alpha", 20)]
    assert not matched.capped


def test_only_the_named_lists_are_compared_with(
    store: MemoryListStore, matcher: Matcher, query: Signal, near: Near
) -> None:
    listed(store, "alpha", "a", near(1))
    listed(store, "beta", "b", near(1))
    matched = matcher.match([query], only={"beta", "unknown"})
    assert [m.list for m in matched.matches] == ["beta"]
    assert [s.name for s in matched.searched] == ["beta"]


def test_pictures_are_searched_in_one_batch(
    store: MemoryListStore, near: Near, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(store, "alpha", "a", near(0))
    indexes = MemoryIndexes(store)
    batches: list[int] = []

    class Counting:
        def search_many(self, values: Sequence[str], radius: int, cap: int) -> tuple[Hits, ...]:
            batches.append(len(values))
            return (Hits(),) * len(values)

    monkeypatch.setattr(indexes, "hamming", lambda _type: Counting())
    signal = Signal("pdq", near(0), variants=tuple(near(n) for n in range(7)))
    Matcher(store, indexes).match([signal, Signal("pdq", near(9), part=Part(("x",)))])
    assert batches == [9]


def test_what_changes_is_seen_after_the_tolerance_and_what_is_withdrawn_at_once(
    store: MemoryListStore, query: Signal, near: Near, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = 100.0
    monkeypatch.setattr("safelight.matching.matcher.time.monotonic", lambda: present)
    matcher = Matcher(store, MemoryIndexes(store), tolerance=0.2)
    listed(store, "alpha", "a", near(0))
    listed(store, "alpha", "b", near(12))
    assert len(matcher.match([query]).matches) == 2
    store.change("alpha", distance=5)
    store.withdraw("alpha", ["a"])
    assert [match.entry_key for match in matcher.match([query]).matches] == ["b"]
    present += 0.2
    assert matcher.match([query]).matches == ()


def test_an_index_that_cannot_be_relied_on_hides_no_equal_digest(
    store: MemoryListStore, matcher: Matcher, query: Signal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise IndexDamaged("a checksum is wrong")

    listed(store, "alpha", "a", f"{CENTER:064x}")
    listed(store, "alpha", "b", MD5, "md5")
    monkeypatch.setattr(matcher._indexes, "hamming", damaged)
    found = matcher.match([query, Signal("md5", MD5)])
    assert [match.entry_key for match in found.matches] == ["b"]
    assert isinstance(found.failed, IndexDamaged)
