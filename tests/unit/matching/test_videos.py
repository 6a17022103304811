"""Listed videos are found by their frames, with how much of each side the other has, and when."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from safelight.errors import UsageError
from safelight.frames import Frame, write_frames
from safelight.lists import HashList, MemoryListStore
from safelight.lists.store import HELD
from safelight.matching.matcher import Matched, Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.matching.videos import matched_signals
from safelight.types import WHOLE, Coverage, Match, Part, Signal, Span, Transform

RANDOM = random.Random(11)
LOOKS = [RANDOM.randbytes(32).hex() for _ in range(40)]


def near(value: str, bits: int = 10) -> str:
    changed = int(value, 16)
    for bit in range(bits):
        changed ^= 1 << (25 * bit)
    return f"{changed:064x}"


def vpdq(values: Sequence[str], *, quality: int = 100, start: float = 0.0) -> str:
    return write_frames(Frame(value, quality, start + n) for n, value in enumerate(values))


def video(values: Sequence[str], part: Part = WHOLE, **how: float) -> Signal:
    return Signal("vpdq", vpdq(values, **how), 100, part)  # type: ignore[arg-type]


def listed(*videos: Sequence[str], distance: int = 31) -> HashList:
    hashes = HashList("videos", "test", distance)
    for number, values in enumerate(videos):
        hashes.add("vpdq", vpdq(values), key=f"video-{number}")
    return hashes


def match(signals: Sequence[Signal], *lists: HashList, **percents: int) -> Matched:
    store = MemoryListStore(lists)
    if percents:
        store.change("videos", **percents)
    return Matcher(store, MemoryIndexes(store)).match(signals)


def only(matched: Matched) -> Match:
    (found,) = matched.matches
    return found


def test_a_copy_is_wholly_covered_on_both_sides() -> None:
    found = only(match([video([near(look) for look in LOOKS[:10]])], listed(LOOKS[:10])))
    assert (found.signal.type, found.entry_key, found.distance) == ("vpdq", "video-0", 10)
    assert found.coverage == Coverage(1.0, 1.0)
    assert found.spans == (Span(0.0, 10.0, 0.0),)


def test_an_excerpt_covers_the_query_and_a_compilation_the_listed() -> None:
    excerpt = only(match([video(LOOKS[4:6])], listed(LOOKS[:10])))
    assert excerpt.coverage == Coverage(1.0, 0.2)
    assert excerpt.spans == (Span(0.0, 2.0, 4.0),)
    compiled = only(match([video([*LOOKS[20:28], *LOOKS[:5], *LOOKS[28:35]])], listed(LOOKS[:5])))
    assert compiled.coverage == Coverage(0.25, 1.0)
    assert compiled.spans == (Span(8.0, 13.0, 0.0),)


def test_each_list_says_how_much_is_enough() -> None:
    half = [video([*LOOKS[:5], *LOOKS[20:25]])]
    hashes = listed(LOOKS[:10])
    assert match(half, hashes).matches == ()
    assert only(match(half, hashes, query_percent=50)).coverage == Coverage(0.5, 0.5)
    assert only(match(half, hashes, listed_percent=50)).coverage == Coverage(0.5, 0.5)
    assert match(half, hashes, query_percent=51, listed_percent=51).matches == ()


def test_stretches_are_told_apart() -> None:
    query = [*LOOKS[:3], LOOKS[30], *LOOKS[5:7], LOOKS[31], LOOKS[9]]
    found = only(match([video(query)], listed(LOOKS[:10]), query_percent=50))
    assert found.spans == (Span(0.0, 3.0, 0.0), Span(4.0, 6.0, 5.0), Span(7.0, 8.0, 9.0))


def test_several_listed_videos_in_one_are_told_each() -> None:
    matched = match([video(LOOKS[:8])], listed(LOOKS[:4], LOOKS[4:8], LOOKS[10:14]))
    assert {m.entry_key: m.coverage for m in matched.matches} == {
        "video-0": Coverage(0.5, 1.0),
        "video-1": Coverage(0.5, 1.0),
    }


def test_frames_that_stay_count_as_long_as_they_are_shown() -> None:
    still = [LOOKS[0]] * 8 + [LOOKS[1], LOOKS[2]]
    hashes = listed(still)
    assert len(hashes) == 3
    assert only(match([video([LOOKS[0]] * 3 + [LOOKS[20]])], hashes)).coverage == Coverage(0.75, 0.8)


def test_frames_too_plain_are_not_counted() -> None:
    frames = [*(Frame(look, 100, n) for n, look in enumerate(LOOKS[:4])), Frame(LOOKS[9], 20, 4)]
    query = Signal("vpdq", write_frames(frames), 100)
    assert only(match([query], listed(LOOKS[:4]))).coverage == Coverage(1.0, 1.0)
    assert match([query], listed([LOOKS[9]])).matches == ()
    with pytest.raises(UsageError, match="too plain"):
        HashList("videos", "test").add("vpdq", vpdq(LOOKS[:3], quality=49))


def test_a_mirrored_copy_is_found_and_said_to_be_one() -> None:
    others = tuple(vpdq(LOOKS[at : at + 4]) for at in (24, 28, 32))
    turned = Signal("vpdq", vpdq(LOOKS[20:24]), 100, variants=(*others, vpdq(LOOKS[:4]), *others))
    found = only(match([turned], listed(LOOKS[:4])))
    assert (found.transform, found.coverage) == (Transform.FLIP_X, Coverage(1.0, 1.0))


def test_a_picture_that_is_a_frame_of_a_listed_video_is_found() -> None:
    still = Signal("pdq", near(LOOKS[3]), 100, Part(("bag.zip",)))
    found = only(match([still], listed(LOOKS[:10])))
    assert (found.signal, found.coverage, found.spans) == (still, Coverage(1.0, 0.1), ())


def test_a_listed_picture_within_a_video_is_told_where_it_is_shown() -> None:
    pictures = HashList("pictures", "test")
    pictures.add("pdq", LOOKS[5], key="one")
    shown = video([*LOOKS[:5], near(LOOKS[5]), LOOKS[5], *LOOKS[6:9]])
    matched = match([shown], pictures)
    found = only(matched)
    assert (found.signal.type, str(found.signal.part), found.distance) == ("pdq", "#t=6.0", 0)
    assert found.coverage == Coverage(0.2, 1.0)
    assert found.spans == (Span(5.0, 7.0, 0.0),)
    assert matched_signals(matched.matches, [shown]) == (found.signal,)


def test_an_animation_is_compared_with_pictures_by_its_pictures_alone() -> None:
    pictures = HashList("pictures", "test")
    pictures.add("pdq", LOOKS[1], key="one")
    animation = [Signal("pdq", look, 100, WHOLE.select(frame=n + 1)) for n, look in enumerate(LOOKS[:4])]
    matched = match([*animation, video(LOOKS[:4])], pictures, listed(LOOKS[:4]))
    assert [(m.list, str(m.signal.part), m.coverage) for m in matched.matches] == [
        ("pictures", "#frame=2", None),
        ("videos", "", Coverage(1.0, 1.0)),
    ]


def test_a_withdrawn_or_held_video_is_as_any_entry() -> None:
    hashes = listed(LOOKS[:4], LOOKS[10:14])
    store = MemoryListStore([hashes])
    matcher = Matcher(store, MemoryIndexes(store))
    assert len(matcher.match([video(LOOKS[:4])]).matches) == 1
    assert store.withdraw("videos", ["video-0"]) == 4
    assert matcher.match([video(LOOKS[:4])]).matches == ()
    assert len(matcher.match([video(LOOKS[10:14])]).matches) == 1


def test_what_has_fallen_to_hold_and_what_is_on_trial_are_told_apart() -> None:
    held = HashList("videos", "test")
    for entry in listed(LOOKS[:4]):
        held._entries.append(replace(entry, flags=entry.flags | {HELD}))
    found = only(match([video(LOOKS[:4])], held))
    assert (found.shadow, found.held) == (False, True)
    trial = HashList("videos", "test", shadow=True)
    trial.add("vpdq", vpdq(LOOKS[:4]))
    found = only(match([video(LOOKS[:4])], trial))
    assert (found.shadow, found.held) == (True, False)


def test_random_frames_match_nothing() -> None:
    assert match([video(LOOKS[20:])], listed(LOOKS[:20])).matches == ()


def test_a_value_that_is_no_video_is_refused_without_being_repeated() -> None:
    for value in ("", "[]", "{}", '["a"]', f'["{LOOKS[0]},101,0"]', f'["{LOOKS[0]},100,-1"]', "[" * 100_000):
        with pytest.raises(UsageError) as refused:
            HashList("videos", "test").add("vpdq", value)
        assert LOOKS[0] not in str(refused.value)
        with pytest.raises(UsageError):
            match([Signal("vpdq", value)], listed(LOOKS[:2]))


def test_long_videos_are_compared_in_pieces() -> None:
    many = [RANDOM.randbytes(32).hex() for _ in range(9000)]
    found = only(match([video(many)], listed(many[4000:4100])))
    assert found.coverage == Coverage(100 / 9000, 1.0)
    assert found.spans == (Span(4000.0, 4100.0, 0.0),)
