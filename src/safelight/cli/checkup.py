"""The checks of ``safelight doctor``: what this installation can do here, tried rather than read."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from safelight.cli.opening import open_workspace
from safelight.errors import SafelightError
from safelight.media.chromaprint import library_version
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.native import _hamming
from safelight.scan.observe import now_utc, observe
from safelight.signals.audio import SOUND_TYPES
from safelight.signals.vpdq import VPDQ
from safelight.types import ListClass
from safelight.workspace import Workspace

_SIDE: Final = 64

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
"""Formats of which a picture is drawn, written and decoded in the sandbox."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact; ``well`` is false when it needs attention, and then ``says`` tells what to do."""

    area: str
    says: str
    well: bool = True


def versions() -> Iterator[Finding]:
    """What is installed, and which instructions the CPU offers."""
    yield Finding("versions", f"Safelight {version('safelight')}, Python {platform.python_version()}")
    yield Finding("versions", f"{platform.system()} {platform.release()}, SQLite {sqlite3.sqlite_version}")
    names = ("Pillow", "pi-heif", "av", "libarchive-c", "pypdfium2")
    yield Finding("versions", ", ".join(f"{name} {_version(name)}" for name in names))
    yield Finding("versions", f"{platform.machine()}, {os.cpu_count()} processors, using {_hamming.isa()}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def sandbox_protections(sandbox: Sandbox, families: tuple[str, ...]) -> Iterator[Finding]:
    """What a decoder that was taken over could do; each family's own decoders try it."""
    for family in families:
        area = f"sandbox ({family})"
        try:
            found = sandbox.protections(family)
        except SafelightError as error:
            yield Finding(area, str(error), well=False)
            continue
        told = found.lines()
        yield from (Finding(area, line, well=not line.startswith("Missing")) for line in told)


def decoders(sandbox: Sandbox) -> Iterator[Finding]:
    """Which formats are decoded: one picture of each goes the whole way."""
    if find_spec("PIL") is None:
        says = "Pillow is not installed: only JPEG, PNG and WebP are decoded. Install safelight[media]"
        yield Finding("decoders", says, well=False)
        return
    for name in FORMATS:
        picture = _picture(name)
        if picture is None:
            yield Finding("decoders", f"{name}: this Pillow was built without it", well=False)
            continue
        seen = observe(picture, name, sandbox, Limits(), now_utc())
        problem = next(iter(seen.problems), None)
        if problem:
            yield Finding("decoders", f"{name}: {problem.reason} {problem.detail}".rstrip(), well=False)
        else:
            yield Finding("decoders", f"{name}: decoded and hashed")
    heif = find_spec("pi_heif") is not None
    yield Finding(
        "decoders", f"HEIC: {'pi-heif is there' if heif else 'install safelight[media]'}", well=heif
    )


def containers(sandbox: Sandbox) -> Iterator[Finding]:
    """Which containers and model files are looked into: one of each goes the whole way."""
    for name, what, make in (
        ("archives", "install libarchive13 and safelight[media]", _archive),
        ("PDF", "install safelight[media]", _pdf),
        ("model files", "report it, please", _model),
    ):
        content = make()
        if content is None:
            yield Finding("decoders", f"{name}: not looked into; {what}", well=False)
            continue
        seen = observe(content, name, sandbox, Limits(), now_utc())
        if any(signal.part.members or signal.part.selectors for signal in seen.signals):
            yield Finding("decoders", f"{name}: looked into")
        else:
            detail = next((f"{p.reason} {p.detail}" for p in seen.problems), "nothing was found in it")
            yield Finding("decoders", f"{name}: {detail}; {what}", well=False)


def videos(sandbox: Sandbox) -> Iterator[Finding]:
    """Whether video is compared: a few frames go the whole way."""
    content = _clip()
    if content is None:
        says = "video: PyAV is not installed; install safelight[media]. Until then it is unscanned"
        yield Finding("decoders", says, well=False)
        return
    seen = observe(content, "video", sandbox, Limits(), now_utc())
    if any(signal.type == VPDQ.name for signal in seen.signals):
        yield Finding("decoders", "video: decoded with FFmpeg and hashed")
        return
    detail = next((f"{p.reason} {p.detail}" for p in seen.problems), "nothing was found in it")
    yield Finding("decoders", f"video: {detail}; reinstall safelight[media]", well=False)


def _clip() -> bytes | None:
    """A drawn picture, three times, as Motion JPEG in an AVI."""
    import io  # noqa: PLC0415

    picture = _picture("JPEG") if find_spec("PIL") else None
    if find_spec("av") is None or picture is None:
        return None
    import av  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    file = io.BytesIO()
    with av.open(file, "w", format="avi") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = _SIDE, _SIDE, "yuvj420p"
        frame = av.VideoFrame.from_ndarray(np.asarray(Image.open(io.BytesIO(picture))))
        for number in range(3):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def sounds(sandbox: Sandbox) -> Iterator[Finding]:
    """Whether sound is compared: a chime goes the whole way."""
    seen = observe(_chime(), "sound", sandbox, Limits(), now_utc())
    if any(signal.type in SOUND_TYPES for signal in seen.signals):
        yield Finding("decoders", f"sound: fingerprinted with Chromaprint {library_version()}")
        return
    detail = next((f"{p.reason} {p.detail}" for p in seen.problems), "nothing was found in it")
    what = "install libchromaprint1 and safelight[media]"
    yield Finding("decoders", f"sound: {detail}; {what}. Until then it is unscanned", well=False)


def _chime() -> bytes:
    """Eight seconds of notes, as a WAVE file."""
    import io  # noqa: PLC0415
    import math  # noqa: PLC0415
    import struct  # noqa: PLC0415
    import wave  # noqa: PLC0415

    rate, samples = 11025, []
    for at in range(8 * rate):
        beat = at * 4 // rate
        pitches = [110 * 2 ** (beat * beat * step % 37 / 12) for step in (5, 7, 11)]
        fade = 1 - at * 4 % rate / rate
        wave_ = sum(math.sin(2 * math.pi * pitch * (at % rate) / rate) for pitch in pitches)
        samples.append(int(9000 * fade * wave_ / 3))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


def _archive() -> bytes:
    import io  # noqa: PLC0415
    import zipfile  # noqa: PLC0415

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("member", b"text")
    return file.getvalue()


def _pdf() -> bytes | None:
    import io  # noqa: PLC0415

    if find_spec("pypdfium2") is None or find_spec("PIL") is None:
        return None
    from PIL import Image  # noqa: PLC0415

    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PDF")
    return file.getvalue()


def _model() -> bytes:
    header = b'{"w":{"dtype":"U8","shape":[1024],"data_offsets":[0,1024]}}'
    return len(header).to_bytes(8, "little") + header + bytes(range(256)) * 4


def _picture(name: str) -> bytes | None:
    """A drawn picture in that format; None where this Pillow cannot write it."""
    import io  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415

    drawn = Image.linear_gradient("L").resize((_SIDE, _SIDE)).convert("RGB")
    drawn.paste((200, 30, 30), (8, 16, 30, 50))
    file = io.BytesIO()
    try:
        drawn.save(file, name)
    except (KeyError, OSError):
        return None
    return file.getvalue()


def workspace_and_lists(path: Path | None, key_file: Path | None) -> Iterator[Finding]:
    """Whether the workspace opens with its key, and what it lists."""
    try:
        opened = open_workspace(path, key_file)
    except SafelightError as error:
        yield Finding("workspace", str(error), well=False)
        return
    with opened:
        yield Finding("workspace", f"{opened.directory}, opened with the root key {opened.key_file.path}")
        yield from _lists(opened)


def _lists(opened: Workspace) -> Iterator[Finding]:
    something = False
    for info in opened.store.lists():
        marks = [word for word, on in (("shadow", info.shadow), ("disabled", not info.enabled)) if on]
        something |= info.enabled and info.entries > 0 and info.list_class is not ListClass.KNOWN_GOOD
        settings = ", ".join([str(info.list_class), f"distance {info.distance}", *marks])
        yield Finding("lists", f"{info.name} ({settings}): {info.entries:,} entries")
    if not something:
        says = "no enabled list has entries, so every scan ends as unscanned; use `safelight lists import`"
        yield Finding("lists", says, well=False)


Check = Callable[[], Iterator[Finding]]


def attempt(area: str, check: Check) -> Iterator[Finding]:
    """Run a check; one that fails on purpose is a finding too, and the others still run."""
    try:
        yield from check()
    except SafelightError as error:
        yield Finding(area, str(error), well=False)
