"""Video of every kind is hashed as it is shown; what could not be read of it is said."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest
from decoders import family
from pictures import distance, oracle
from PIL import Image
from videos import Video

from safelight.frames import Frame, parse_frames
from safelight.media import Findings, OpenedFile, inspect, open_media, video_walk
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import VIDEO_MESSAGES
from safelight.media.video import Watch
from safelight.media.video import look as look_at_video
from safelight.media.video_decoder import decode
from safelight.types import UnhashableReason, UnscannedReason

CLIP = Video()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def look(content: bytes, sandbox: Sandbox) -> Findings:
    with open_media(content) as opened:
        assert isinstance(opened, OpenedFile)
        return inspect(opened, sandbox)


def frames(findings: Findings, part: str = "") -> list[Frame]:
    (value,) = [s.value for s in findings.signals if s.type == "vpdq" and str(s.part) == part]
    return list(parse_frames(value))


def by_second(found: list[Frame]) -> dict[int, str]:
    return {int(f.seconds): f.value for f in reversed(found)}


def replies(content: bytes, **asked: object) -> list[dict[str, dict[str, object]]]:
    """What the decoder says, outside the sandbox."""
    fd = os.memfd_create("video")
    try:
        os.write(fd, content)
        payload = json.dumps(asked).encode()
        return [json.loads(m) for m in decode(fd, max_pixels=1 << 24, max_parts=1000, payload=payload)]
    finally:
        os.close(fd)


KINDS = {
    "h264 in mp4": Video(),
    "h264 in matroska": Video(format="matroska"),
    "h264 in mpegts": Video(format="mpegts"),
    "h264 in flv": Video(format="flv"),
    "h264 in mov": Video(format="mov"),
    "h265 in mp4": Video(codec="libx265", options={"preset": "ultrafast", "x265-params": "log-level=none"}),
    "mpeg4 in avi": Video(codec="mpeg4", format="avi", options={"bf": "0", "qscale": "3"}),
    "mpeg2 in mpeg": Video(codec="mpeg2video", fps=25, format="mpeg", options={"bf": "2", "b": "4000000"}),
    "vp8 in webm": Video(codec="libvpx", format="webm", options={"deadline": "realtime", "b": "2000000"}),
    "vp9 in webm": Video(
        codec="libvpx-vp9", format="webm", options={"deadline": "realtime", "cpu-used": "8"}
    ),
    "av1 in mp4": Video(codec="libsvtav1", options={"preset": "13", "svtav1-params": "lp=1"}),
    "mjpeg in mov": Video(codec="mjpeg", format="mov", options={}),
    "intra only": Video(options={"preset": "ultrafast", "g": "1"}),
    "one keyframe": Video(options={"preset": "ultrafast", "g": "999", "sc_threshold": "0"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_second_is_hashed_as_the_reference_hashes_its_picture(kind: str, sandbox: Sandbox) -> None:
    video = KINDS[kind]
    found = look(video.bytes(), sandbox)
    assert found.problems == ()
    assert [(str(p.part), p.width, p.height) for p in found.pictures] == [("", 192, 144)]
    drawn: dict[int, str] = {}
    for at, pixels in video.frames():
        drawn.setdefault(int(at), oracle(Image.fromarray(pixels))[0][0])
    hashed = by_second(frames(found))
    assert hashed.keys() == drawn.keys()
    assert all(distance(hashed[second], drawn[second]) <= 24 for second in drawn)


@pytest.mark.parametrize(
    "options",
    [
        {"preset": "ultrafast", "bf": "2", "g": "24"},
        {"preset": "veryfast", "bf": "8", "g": "48", "x264-params": "b-pyramid=normal:b-adapt=0"},
        {"preset": "veryfast", "bf": "3", "g": "24", "x264-params": "open-gop=1"},
        {"preset": "ultrafast", "bf": "3", "flags": "+ildct+ilme"},
    ],
    ids=["b-frames", "pyramid", "open groups", "interlaced"],
)
def test_leaving_frames_out_changes_no_hash(options: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    content = Video(scenes=(1, 2, 3, 4), seconds=3, fps=25, options=options).bytes()
    fewer = replies(content)
    monkeypatch.setattr(video_walk, "_SKIPPABLE", frozenset())
    assert replies(content) == fewer
    assert sum("frame" in message for message in fewer) >= 12


def test_fewer_frames_are_decoded_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Context:
        def __init__(self, context: av.VideoCodecContext) -> None:
            object.__setattr__(self, "context", context)

        def __getattr__(self, name: str) -> object:
            return getattr(self.context, name)

        def __setattr__(self, name: str, value: object) -> None:
            if name == "skip_frame":
                asked.append(str(value))
            setattr(self.context, name, value)

    real = video_walk.Walk.__init__

    def init(self: video_walk.Walk, *args: object) -> None:
        real(self, *args)  # type: ignore[arg-type]
        self._context = Context(self._context)  # type: ignore[assignment]

    monkeypatch.setattr(video_walk.Walk, "__init__", init)
    replies(Video(fps=25).bytes())
    assert asked.count("NONREF") > 0.8 * len(asked)


def test_a_cut_within_a_second_is_hashed_too(sandbox: Sandbox) -> None:
    steady = frames(look(Video(scenes=(1,), seconds=4).bytes(), sandbox))
    assert [f.seconds for f in steady] == [0, 1, 2, 3]
    cut = frames(look(Video(scenes=(1, 2, 3), seconds=1.5).bytes(), sandbox))
    assert [f.seconds for f in cut] == [0, 1, 1.5, 2, 3, 4]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_the_hash_is_of_what_is_shown(degrees: int, sandbox: Sandbox) -> None:
    found = frames(look(Video(rotation=degrees).bytes(), sandbox))
    pixels = next(pixels for _, pixels in CLIP.frames())
    shown = Image.fromarray(pixels).rotate(-degrees, expand=True)
    assert distance(found[0].value, oracle(shown)[0][0]) <= 16


def test_a_frame_that_stays_is_hashed_once(sandbox: Sandbox) -> None:
    slides = Video(scenes=(1, 2), seconds=30, moments=(0, 0.1, 30.0, 59.0))
    assert [f.seconds for f in frames(look(slides.bytes(), sandbox))] == [0, 30, 59]


def test_frames_at_uneven_moments_are_hashed_where_they_are(sandbox: Sandbox) -> None:
    moments = (0, 0.4, 0.9, 1.3, 1.31, 1.32, 3.7, 4.2, 4.9)
    found = frames(look(Video(moments=moments).bytes(), sandbox))
    assert [f.seconds for f in found if f.seconds.is_integer() or f.seconds in moments] == [
        f.seconds for f in found
    ]
    assert {int(f.seconds) for f in found} == {0, 1, 3, 4}


def test_one_frame_is_a_video(sandbox: Sandbox) -> None:
    found = look(Video(moments=(0.0,)).bytes(), sandbox)
    assert found.problems == ()
    assert len(frames(found)) == 1


def test_a_header_without_a_duration_is_no_matter(sandbox: Sandbox) -> None:
    content = Video(format="matroska").bytes()
    at = content.index(b"\x44\x89\x88")  # Duration, of 8 bytes; made a void element
    unknown = content[:at] + b"\xec\x89" + bytes(9) + content[at + 11 :]
    found = look(unknown, sandbox)
    assert found.problems == ()
    assert len(by_second(frames(found))) == 6


def test_a_broken_index_is_no_matter(sandbox: Sandbox) -> None:
    content = Video(codec="mpeg4", format="avi", options={"bf": "0", "qscale": "3"}).bytes()
    at = content.index(b"idx1")
    broken = content[: at + 8] + bytes(len(content) - at - 8)
    assert len(by_second(frames(look(broken, sandbox)))) == 6


def test_what_is_there_of_a_truncated_video_is_hashed_and_the_rest_is_said(sandbox: Sandbox) -> None:
    whole = Video(scenes=(1, 2, 3, 4), options={"preset": "ultrafast", "g": "12"})
    content = faststart(whole)
    found = look(content[: len(content) * 2 // 3], sandbox)
    assert [(p.reason, str(p.part)) for p in found.problems] == [(UnscannedReason.TRUNCATED, "")]
    seen, expected = by_second(frames(found)), by_second(frames(look(content, sandbox)))
    assert 3 <= len(seen) < len(expected)
    assert all(expected[second] == value for second, value in seen.items())
    stream = Video(format="matroska", scenes=(1, 2, 3, 4)).bytes()
    cut = look(stream[: len(stream) // 2], sandbox)
    assert [p.reason for p in cut.problems] == [UnscannedReason.TRUNCATED]
    assert frames(cut)


def faststart(video: Video) -> bytes:
    """Its header before its frames, as files for the web have it."""
    content, at, boxes = video.bytes(), 0, {}
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        boxes[content[at + 4 : at + 8]] = content[at : at + size]
        at += size
    header = bytearray(boxes[b"moov"])
    table = header.index(b"stco") + 8
    for entry in range(int.from_bytes(header[table : table + 4], "big")):
        where = table + 4 + 4 * entry
        offset = int.from_bytes(header[where : where + 4], "big") + len(header)
        header[where : where + 4] = offset.to_bytes(4, "big")
    return boxes[b"ftyp"] + bytes(header) + boxes.get(b"free", b"") + boxes[b"mdat"]


def test_damage_within_a_video_costs_the_seconds_that_it_is_in(sandbox: Sandbox) -> None:
    video = Video(scenes=(1, 2, 3, 4), options={"preset": "ultrafast", "g": "12"})
    content = bytearray(faststart(video))
    at = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2
    content[at : at + 20_000] = bytes(20_000)
    found = look(bytes(content), sandbox)
    assert {p.reason for p in found.problems} == {UnscannedReason.DAMAGED}
    assert len(by_second(frames(found))) >= 4


def test_what_begins_like_a_video_and_is_none_is_damaged(sandbox: Sandbox) -> None:
    found = look(b"\0\0\0\x10ftypisom\0\0\0\0" + bytes(100), sandbox)
    assert {p.reason for p in found.problems} == {UnscannedReason.DAMAGED}
    assert not found.signals


def test_a_playlist_in_disguise_opens_nothing(sandbox: Sandbox) -> None:
    playlist = b"FLV\x01\n#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    found = look(playlist, sandbox)
    assert {p.reason for p in found.problems} == {UnscannedReason.DAMAGED}


def test_a_plain_video_is_an_outcome_of_its_own(sandbox: Sandbox) -> None:
    file = Video(moments=[n / 12 for n in range(12)])
    blank = type(file)(**{**vars(file), "scenes": (-1,)})
    object.__setattr__(blank, "frames", lambda: ((at, 0 * p + 90) for at, p in file.frames()))
    found = look(blank.bytes(), sandbox)
    assert [(u.type, u.reason) for u in found.unhashable] == [("vpdq", UnhashableReason.TOO_PLAIN)]
    assert found.problems == found.signals == ()


def test_too_many_pixels_are_refused_before_they_are_decoded(sandbox: Sandbox) -> None:
    with Sandbox(limits=Limits(max_pixels=10_000)) as small, opened_for_reading(CLIP.bytes()) as fd:
        found = look_at_video(fd, small)
    assert [p.reason for p in found.problems] == [UnscannedReason.TOO_MANY_PIXELS]


@pytest.mark.parametrize("format_", ["mp4", "matroska", "mpegts", "avi"])
@pytest.mark.parametrize("gop", ["closed", "open"])
def test_a_video_seen_by_child_after_child_has_the_hashes_of_one_child(format_: str, gop: str) -> None:
    open_ = {"x264-params": "open-gop=1"} if gop == "open" else {}
    options = {"preset": "veryfast", "bf": "2", "g": "12", **open_}
    video = Video(scenes=(1, 2, 3, 4), seconds=3, options=options, format=format_)
    content = video.bytes()
    whole = [m["frame"] for m in replies(content) if "frame" in m]
    pieces: list[dict[str, object]] = []
    resume, rounds = None, 0
    while True:
        said = replies(content, seconds=0.0, **({"resume": resume} if resume else {}))
        pieces += [m["frame"] for m in said if "frame" in m]
        rounds += 1
        pause = next((m["resume"] for m in said if "resume" in m), None)
        if pause is None:
            break
        assert resume is None or pause["until"] > resume["until"]  # type: ignore[operator]
        resume = pause
    assert rounds > 4
    assert pieces == whole


def test_a_long_video_is_seen_child_after_child_and_says_how_far_it_is(sandbox: Sandbox) -> None:
    content = Video(options={"preset": "ultrafast", "bf": "2", "g": "12"}).bytes()
    told: list[tuple[float, float | None]] = []
    with (
        Sandbox(limits=Limits(wall_seconds=0.001)) as hasty,
        opened_for_reading(content) as fd,
    ):
        watch = Watch(lambda done, whole: told.append((done, whole)))
        found = look_at_video(fd, hasty, watch, patience=30_000)
    assert found == look(content, sandbox)
    assert len(told) > 2
    assert told == sorted(told)
    assert all(whole == pytest.approx(6, abs=0.1) for _, whole in told)


def test_what_takes_too_long_in_all_is_seen_to_there(sandbox: Sandbox) -> None:
    content = Video(seconds=4, options={"preset": "ultrafast", "bf": "2", "g": "12"}).bytes()
    limits = Limits(wall_seconds=0.001, total_seconds=0.001)
    with Sandbox(limits=limits) as hasty, opened_for_reading(content) as fd:
        found = look_at_video(fd, hasty, patience=30_000)
    assert [p.reason for p in found.problems] == [UnscannedReason.TIMEOUT]
    assert 1 <= len(frames(found)) < 12


def test_a_look_that_was_killed_goes_on_where_it_was(sandbox: Sandbox, tmp_path: Path) -> None:
    content = Video(seconds=4, options={"preset": "ultrafast", "bf": "2", "g": "12"}).bytes()
    expected = look(content, sandbox)
    places = tmp_path / "places"
    asked: list[float] = []

    def stop_after(times: int) -> Watch:
        def progress(done: float, _whole: float | None) -> None:
            asked.append(done)
            if len(asked) == times:
                raise KeyboardInterrupt

        return Watch(progress, places, "0" * 64)

    with Sandbox(limits=Limits(wall_seconds=0.001)) as hasty, opened_for_reading(content) as fd:
        with pytest.raises(KeyboardInterrupt):
            look_at_video(fd, hasty, stop_after(4), patience=30_000)
        (place,) = places.iterdir()
        assert place.stat().st_mode & 0o777 == 0o600
        with place.open("ab") as file:
            file.write(b'["torn')
        left = asked[-2]
        asked.clear()
        assert look_at_video(fd, hasty, stop_after(-1), patience=30_000) == expected
    assert asked[0] > left
    assert not places.exists()


def test_a_place_that_another_version_kept_is_not_believed(sandbox: Sandbox, tmp_path: Path) -> None:
    places = tmp_path / "places"
    places.mkdir()
    (places / ("0" * 64 + ".video")).write_text('["0.0.0", 0, []]\n[1]\nnonsense\n')
    watch = Watch(bookmarks=places, file="0" * 64)
    with opened_for_reading(CLIP.bytes()) as fd:
        assert look_at_video(fd, sandbox, watch) == look_at_video(fd, sandbox)
    assert not places.exists()


def test_what_is_longer_than_allowed_is_seen_to_there(sandbox: Sandbox) -> None:
    content = Video(seconds=4, options={"preset": "ultrafast", "bf": "2", "g": "12"}).bytes()
    limits = Limits(wall_seconds=0.001, max_video_seconds=2)
    with Sandbox(limits=limits) as hasty, opened_for_reading(content) as fd:
        found = look_at_video(fd, hasty, patience=30_000)
    assert [p.reason for p in found.problems] == [UnscannedReason.TOO_MANY_PARTS]
    assert 2 <= len(frames(found)) < 8


@contextmanager
def opened_for_reading(content: bytes) -> Iterator[int]:
    fd = sealed_memfd(content)
    yield fd
    os.close(fd)


def test_without_its_library_video_is_said_not_to_be_looked_at() -> None:
    lacking = family("without_libraries:decode", name="video", messages=VIDEO_MESSAGES)
    with Sandbox([lacking]) as sandbox, opened_for_reading(CLIP.bytes()) as fd:
        found = look_at_video(fd, sandbox)
    assert [p.reason for p in found.problems] == [UnscannedReason.NOT_INSTALLED]
    assert "safelight[media]" in found.problems[0].detail
