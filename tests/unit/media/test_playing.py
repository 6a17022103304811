"""What is played is the asked level and no more, all of the running time, taken for no more than it is."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from videos import Video

from safelight.media import playing
from safelight.media.playing import Segment, can_play, segment_of
from safelight.media.rendering import Level
from safelight.media.rendering_shape import PLAYED_SIDE
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.messages import RECORDING_MESSAGES
from safelight.media.sandbox.protocol import Reply
from safelight.types import Problem, UnscannedReason


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(accept_partial=True) as made:
        yield made


def played(sandbox: Sandbox, content: bytes, level: Level, begins: float = 0.0) -> Segment | Problem:
    fd = sealed_memfd(content)
    try:
        return segment_of(fd, level, begins, sandbox)
    finally:
        os.close(fd)


def whole(sandbox: Sandbox, content: bytes) -> list[Segment]:
    """All of a video, as a page asks for it."""
    found: list[Segment] = []
    while not found or not found[-1].ended:
        made = played(sandbox, content, Level.GREY, found[-1].ends if found else 0.0)
        assert isinstance(made, Segment), made
        found.append(made)
    return found


@pytest.mark.parametrize("format_", ["mp4", "matroska", "mpegts", "avi"])
def test_segments_follow_each_other_to_the_end_of_what_is_there(sandbox: Sandbox, format_: str) -> None:
    codec = "mpeg4" if format_ == "avi" else "libx264"
    options = {} if format_ == "avi" else {"preset": "ultrafast", "g": "100"}
    content = Video(scenes=(1, 2, 3), seconds=3.0, codec=codec, format=format_, options=options).bytes()
    found = whole(sandbox, content)
    assert [one.begins for one in found] == [0.0, 4.0, 8.0]
    assert found[-1].ends == pytest.approx(9.0, abs=0.2)
    assert all(one.counts and not one.missing for one in found)
    moments = [moment for one in found for moment in one.moments]
    assert np.diff(moments) == pytest.approx(0.2, abs=0.01)
    assert len(moments) == pytest.approx(45, abs=1)


def test_levels_are_grey_and_colours_and_never_larger_than_what_is_played(sandbox: Sandbox) -> None:
    content = Video(scenes=(1,), seconds=1.0, size=(960, 720)).bytes()
    grey, colours = (played(sandbox, content, level) for level in (Level.GREY, Level.ORIGINAL))
    assert isinstance(grey, Segment)
    assert isinstance(colours, Segment)
    assert (grey.bands, colours.bands) == (1, 3)
    assert (grey.width, grey.height) == (colours.width, colours.height) == (PLAYED_SIDE, 540)
    assert [len(frame) for frame in colours.frames] == [3 * 720 * 540] * 5
    with pytest.raises(ValueError, match="level 3 or 4"):
        played(sandbox, content, Level.REDUCED)


def test_what_stands_still_is_one_frame_and_long_gaps_are_filled_by_it(sandbox: Sandbox) -> None:
    content = Video(scenes=(1, 2), seconds=10.0, moments=[0.0, 1.0, 10.0, 12.0]).bytes()
    made = played(sandbox, content, Level.GREY, 4.0)
    assert isinstance(made, Segment)
    assert (made.moments, made.ends, made.ended) == ((4.0,), 8.0, False)
    assert [one.moments for one in whole(sandbox, content)][:3] == [(0.0, 1.0), (4.0,), (8.0, 10.0)]


def test_a_turned_video_is_played_as_players_turn_it(sandbox: Sandbox) -> None:
    made = played(sandbox, Video(scenes=(1,), seconds=1.0, rotation=90).bytes(), Level.GREY)
    assert isinstance(made, Segment)
    assert made.height > made.width


def test_damage_is_told_and_what_is_cut_short_ends_where_its_data_end(sandbox: Sandbox) -> None:
    content = Video(scenes=(1, 2, 3), seconds=3.0, format="mpegts").bytes()
    ends = [one.ends for one in whole(sandbox, content[: len(content) // 2])]
    assert 2 < ends[-1] < 8
    broken = bytearray(content)
    at = len(broken) // 3
    broken[at : at + 3000] = bytes(3000)
    assert any(one.missing or not one.counts for one in whole(sandbox, bytes(broken)))


def test_of_recordings_put_together_all_are_played_although_their_time_begins_anew(sandbox: Sandbox) -> None:
    one, other = (Video(scenes=scenes, seconds=3.0, format="mpegts").bytes() for scenes in ((1, 2), (3, 4)))
    found = whole(sandbox, one + other)
    assert found[-1].ends == pytest.approx(12.0, abs=0.3)
    last, alone = (
        np.frombuffer(made[-1].frames[-1], np.uint8).astype(int) for made in (found, whole(sandbox, other))
    )
    assert np.abs(last - alone).mean() < 6


def test_past_the_end_and_what_is_no_video_are_problems(sandbox: Sandbox) -> None:
    content = Video(scenes=(1,), seconds=1.0).bytes()
    late = played(sandbox, content, Level.GREY, 50.0)
    assert isinstance(late, Problem)
    assert late.reason is UnscannedReason.TRUNCATED
    assert isinstance(played(sandbox, b"no video", Level.GREY), Problem)
    assert can_play("video/mp4")
    assert not can_play("image/gif")


@pytest.mark.parametrize(
    "change",
    [
        {"bands": 3},
        {"width": 721},
        {"begins": 1.0},
        {"ends": 4.5},
        {"moments": (0.2, 0.0)},
        {"moments": ()},
        {"height": 3},
    ],
)
def test_a_decoder_that_was_taken_over_cannot_show_more(change: dict[str, object]) -> None:
    told = {
        "begins": 0.0, "ends": 0.4, "ended": True, "promised": 0.4, "missing": 0, "counts": True,
        "moments": (0.0, 0.2), "width": 4, "height": 2, "bands": 1,
    }  # fmt: skip
    kinds = RECORDING_MESSAGES.read
    sound = Reply((_segment(kinds, told), kinds(b'{"rows": {"data": "AAAAAAAAAAAAAAAAAAAAAA=="}}')))
    assert isinstance(playing._believed(sound, Level.GREY, 0.0), Segment)
    taken = Reply((_segment(kinds, {**told, **change}), *sound.messages[1:]))
    made = playing._believed(taken, Level.GREY, 0.0)
    assert isinstance(made, Problem)
    assert made.reason is UnscannedReason.BAD_REPLY


def _segment(kinds: object, told: dict[str, object]) -> object:
    import json

    return kinds(json.dumps({"segment": told}).encode())  # type: ignore[operator]
