"""Soundtracks are fingerprinted wherever they are, piece by piece, and what cannot be has a reason."""

from __future__ import annotations

import dataclasses
import io
import wave
import zipfile
from collections.abc import Iterator

import av
import numpy as np
import pytest
from decoders import family
from pictures import draw
from sounds import RATE, babble, encode, encode_tracks, hum, noise, silence, song

from safelight.cli.checkup import sounds
from safelight.media import Findings, OpenedFile, inspect, open_media
from safelight.media.chromaprint import Fingerprinter
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import AUDIO, FAMILIES
from safelight.media.sandbox.limits import Limits
from safelight.signals.audio import SOUND_TYPES
from safelight.sounds import ITEM_BITS, WINDOW, Items, items_of
from safelight.types import MediaKind, UnhashableReason, UnscannedReason
from safelight.values import MOST_ITEMS


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def look(content: bytes, sandbox: Sandbox) -> Findings:
    with open_media(content) as opened:
        assert isinstance(opened, OpenedFile)
        return inspect(opened, sandbox)


def prints(findings: Findings, type_: str = "chromaprint") -> dict[str, Items]:
    return {str(s.part): items_of(bytes.fromhex(s.value)) for s in findings.signals if s.type == type_}


def differ(one: Items, other: Items) -> float:
    """The share of bits that differ where two fingerprints of nearly the same length are laid together."""
    length = min(len(one), len(other))
    return float(np.bitwise_count(one[:length] ^ other[:length]).sum() / ITEM_BITS / length)


@pytest.fixture(scope="module")
def plain(sandbox: Sandbox) -> dict[int, Findings]:
    """What two songs are, by their seeds."""
    return {seed: look(encode(song(seed)), sandbox) for seed in (1, 2)}


@pytest.mark.parametrize(
    ("form", "codec", "bit_rate", "rate"),
    [
        ("wav", "pcm_s16le", None, 22050),
        ("wav", "pcm_f32le", None, 48000),
        ("flac", "flac", None, 44100),
        ("mp3", "libmp3lame", 64_000, 44100),
        ("ogg", "libopus", 32_000, 48000),
        ("ipod", "aac", 96_000, 44100),
        ("adts", "aac", 96_000, 44100),
        ("matroska", "libopus", 64_000, 48000),
        ("aiff", "pcm_s16be", None, 22050),
    ],
)
def test_every_form_of_a_sound_has_nearly_the_same_fingerprints(
    form: str, codec: str, bit_rate: int | None, rate: int, sandbox: Sandbox, plain: dict[int, Findings]
) -> None:
    again = look(encode(song(1), form, codec, bit_rate, rate), sandbox)
    assert again.problems == again.unhashable == ()
    for type_ in SOUND_TYPES:
        assert differ(prints(plain[1], type_)["#audio=1"], prints(again, type_)["#audio=1"]) < 0.15
        assert differ(prints(plain[1], type_)["#audio=1"], prints(plain[2], type_)["#audio=1"]) > 0.3


def test_the_fingerprint_is_what_the_library_makes_of_the_whole_sound(sandbox: Sandbox) -> None:
    samples = np.ascontiguousarray(song(3, 40)[::2])
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:  # at Chromaprint's own rate, so that nothing is converted
        sound.setparams((1, 2, 11025, 0, "NONE", ""))
        sound.writeframes(samples.tobytes())
    maker = Fingerprinter(1)
    maker.feed(samples)
    maker.finish()
    assert prints(look(file.getvalue(), sandbox))["#audio=1"].tolist() == maker.take().tolist()


def test_every_soundtrack_is_fingerprinted(sandbox: Sandbox) -> None:
    both = look(encode_tracks([song(1), babble(1)], "matroska", "flac"), sandbox)
    alone = look(encode(babble(1)), sandbox)
    assert list(prints(both)) == ["#audio=1", "#audio=2"]
    assert differ(prints(both)["#audio=2"], prints(alone)["#audio=1"]) < 0.01


def test_a_long_sound_is_told_in_pieces_that_overlap_by_a_window(sandbox: Sandbox) -> None:
    findings = look(encode(np.tile(song(1, 30), 20), "flac", "flac"), sandbox)
    assert findings.problems == ()
    assert list(prints(findings)) == ["#audio=1", "#audio=1/t=502.2"]
    first, second = prints(findings).values()
    assert len(first) == MOST_ITEMS
    assert first[-WINDOW:].tolist() == second[:WINDOW].tolist()
    assert prints(findings, "chromaprint_short") == {}


def test_a_clip_too_short_for_one_fingerprint_has_the_other(sandbox: Sandbox) -> None:
    findings = look(encode(song(1, 3.5)), sandbox)
    assert [signal.type for signal in findings.signals] == ["chromaprint_short"]
    assert findings.unhashable == ()


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (silence(), UnhashableReason.SILENT),
        (noise(1, 8) // 3000, UnhashableReason.SILENT),
        (hum(), UnhashableReason.TOO_STEADY),
        (noise(1), UnhashableReason.TOO_STEADY),
        (song(1, 2), UnhashableReason.TOO_SHORT),
    ],
)
def test_what_tells_nothing_is_unhashable_with_a_reason(samples, reason, sandbox: Sandbox) -> None:
    findings = look(encode(samples), sandbox)
    assert findings.signals == findings.problems == ()
    [unhashable] = findings.unhashable
    assert (unhashable.reason, str(unhashable.part)) == (reason, "#audio=1")


def test_a_sound_in_the_middle_of_silence_is_fingerprinted(sandbox: Sandbox) -> None:
    findings = look(encode(np.concatenate([silence(60), babble(1, 8), silence(60)])), sandbox)
    assert list(prints(findings)) == ["#audio=1"]
    assert findings.unhashable == ()


@pytest.mark.parametrize(
    ("content", "reason", "part"),
    [
        (encode(song(1))[:44], UnscannedReason.DAMAGED, ""),
        (b"ID3\x04\0\0\0\0\0\x00" + bytes(500), UnscannedReason.DAMAGED, ""),
        (b"MThd\0\0\0\x06" + bytes(100), UnscannedReason.UNSUPPORTED, ""),
        (encode(song(1), "flac", "flac")[:150_000], UnscannedReason.DAMAGED, "#audio=1"),
    ],
)
def test_what_cannot_be_decoded_is_said(content: bytes, reason, part: str, sandbox: Sandbox) -> None:
    findings = look(content, sandbox)
    assert [(problem.reason, str(problem.part)) for problem in findings.problems] == [(reason, part)]


def test_what_there_is_of_a_sound_that_is_cut_short_is_fingerprinted(sandbox: Sandbox) -> None:
    whole = encode(song(1), "ipod", "aac", 96_000)
    index = whole.rindex(b"moov") - 4  # it is written last, and the sound before it
    cut = whole[:32] + b"\0\0\0\x08free" + whole[index:]
    findings = look(cut, sandbox)
    assert findings.problems
    flac = encode(song(1), "flac", "flac")
    findings = look(flac[: len(flac) // 2], sandbox)
    assert 30 < len(prints(findings)["#audio=1"]) < 60


def test_a_sound_within_an_archive_says_where_it_is(sandbox: Sandbox) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inner/clip.wav", encode(song(1)))
    assert list(prints(look(file.getvalue(), sandbox))) == ["!inner/clip.wav#audio=1"]


def test_what_a_recording_shows_is_looked_at_too(sandbox: Sandbox) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="ipod") as container:  # a film under the name of a recording
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_image(draw(320, 240))))
        container.mux(stream.encode(None))
    content = file.getvalue()[:8] + b"M4A " + file.getvalue()[12:]
    with open_media(content) as opened:
        assert isinstance(opened, OpenedFile)
        assert opened.kind is MediaKind.AUDIO
    assert "vpdq" in {signal.type for signal in look(content, sandbox).signals}


def test_a_missing_library_makes_sound_unscanned_and_says_so() -> None:
    missing = dataclasses.replace(family("without_chromaprint:decode", name="audio"), messages=AUDIO.messages)
    others = [each for each in FAMILIES if each.name != "audio"]
    with Sandbox([*others, missing]) as sandbox:
        findings = look(encode(song(1)), sandbox)
        assert findings.signals == ()
        [problem] = findings.problems
        assert problem.reason is UnscannedReason.NOT_INSTALLED
        assert "apt-get install libchromaprint1" in problem.detail
        [said] = sounds(sandbox)
        assert not said.well
        assert "not_installed" in said.says
        assert "libchromaprint1" in said.says


def test_doctor_says_that_sound_is_fingerprinted(sandbox: Sandbox) -> None:
    [said] = sounds(sandbox)
    assert said.well


def test_hours_of_silence_in_a_small_file_stay_within_their_time() -> None:
    content = encode(np.zeros(RATE * 600, np.int16), "flac", "flac")
    with Sandbox(limits=Limits(wall_seconds=0.1, cpu_seconds=1)) as sandbox:
        findings = look(content, sandbox)
    assert UnscannedReason.TIMEOUT in {problem.reason for problem in findings.problems}
