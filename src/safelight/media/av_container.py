"""Opens a container of moving pictures and sound with FFmpeg; runs in a sandboxed child, on a descriptor.

The decoders of video and of audio both begin here. Only demuxers of containers are tried: not playlists,
which name other files, nor raw or text formats, which nearly any bytes could be.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import av
import av.logging

from safelight.media.descriptor import Descriptor
from safelight.types import UnscannedReason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

DEMUXERS: Final = (
    *("mov", "matroska", "avi", "flv", "asf", "ogg", "mpegts", "mpeg", "mpegvideo", "rm", "mxf"),
    *("mp3", "aac", "flac", "wav", "w64", "aiff", "amr", "caf", "ac3", "eac3", "ape", "wv", "tta", "au"),
)
"""FFmpeg's names of what is opened."""

_BUFFER: Final = 1 << 18
"""Bytes asked for at a time: a read goes through Python."""

for _name in (
    *(
        "audio.codeccontext",
        "audio.stream",
        "sidedata.sidedata",
        "subtitles.codeccontext",
        "subtitles.stream",
    ),
    *("video.codeccontext", "video.reformatter", "video.stream"),
):
    importlib.import_module(f"av.{_name}")  # what PyAV would load with the first file, without a file system
av.logging.set_level(av.logging.PANIC)


def open_container(fd: int) -> InputContainer:
    """The container in an open file, which is read by position and not closed.

    Raises ``av.error.FFmpegError`` for what is none, and ``MemoryError``.
    """
    options = {"format_whitelist": ",".join(DEMUXERS), "protocol_whitelist": "none"}
    try:
        return av.open(
            Descriptor(fd),
            mode="r",
            container_options=options,
            buffer_size=_BUFFER,
            metadata_errors="replace",  # titles are in any encoding, and nobody looks at them
        )
    except av.error.MemoryError as error:
        raise MemoryError from error


def packets(container: InputContainer, *streams: Stream) -> Iterator[Packet[Any]]:
    """The packets of these streams in the order of decoding, without the empty ones that stand for the end.

    Raises ``av.error.FFmpegError`` where the container cannot be read on.
    """
    for packet in container.demux(*streams):
        if packet.size or packet.dts is not None:
            yield packet


def reason_of(error: Exception) -> UnscannedReason:
    """What an error of FFmpeg says of a file."""
    if isinstance(error, av.error.EOFError):
        return UnscannedReason.TRUNCATED
    unsupported = (av.error.DecoderNotFoundError, av.error.DemuxerNotFoundError, av.error.PatchWelcomeError)
    if isinstance(error, unsupported):
        return UnscannedReason.UNSUPPORTED
    return UnscannedReason.DAMAGED
