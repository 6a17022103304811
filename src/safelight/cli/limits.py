"""The options that bound what decoding one file may cost and do; their defaults are the library's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import click

from safelight.media.sandbox.limits import Limits

_DEFAULT: Final = Limits()


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for what a file may cost, and ``--accept-partial-sandbox``.

    The command receives ``limits`` and ``accept_partial_sandbox``. :class:`Limits` tells values out of range.
    """

    @click.option(
        "--timeout",
        type=float,
        default=_DEFAULT.wall_seconds,
        show_default=True,
        help="Seconds that decoding a file may take.",
    )
    @click.option(
        "--memory",
        type=int,
        default=_DEFAULT.memory_bytes >> 20,
        show_default=True,
        help="MiB that decoding a file may take.",
    )
    @click.option(
        "--max-pixels",
        type=int,
        default=_DEFAULT.max_pixels,
        show_default=True,
        help="Pixels of a picture or frame.",
    )
    @click.option(
        "--max-frames",
        type=int,
        default=_DEFAULT.max_parts,
        show_default=True,
        help="Frames or pages of a file.",
    )
    @click.option(
        "--max-size",
        type=int,
        default=_DEFAULT.max_file_bytes >> 20,
        show_default=True,
        help="MiB of a file.",
    )
    @click.option(
        "--max-members",
        type=int,
        default=_DEFAULT.max_members,
        show_default=True,
        help="Members that a file may hold, over all depths.",
    )
    @click.option(
        "--max-unpacked",
        type=int,
        default=_DEFAULT.max_unpacked_bytes >> 20,
        show_default=True,
        help="MiB that a file may unpack to, over all depths.",
    )
    @click.option(
        "--max-depth",
        type=int,
        default=_DEFAULT.max_depth,
        show_default=True,
        help="Containers within containers that are opened.",
    )
    @click.option(
        "--max-seconds",
        type=float,
        default=_DEFAULT.total_seconds,
        show_default=True,
        help="Seconds that a file may take with all that it holds.",
    )
    @click.option(
        "--max-video",
        type=int,
        default=_DEFAULT.max_video_seconds,
        show_default=True,
        help="Seconds of playing time of a video that are looked at.",
    )
    @click.option(
        "--accept-partial-sandbox",
        is_flag=True,
        help="Decode though this machine lacks some of the protections that `safelight doctor` lists.",
    )
    @functools.wraps(command)
    def with_limits(
        *args: object,
        timeout: float,
        memory: int,
        max_pixels: int,
        max_frames: int,
        max_size: int,
        max_members: int,
        max_unpacked: int,
        max_depth: int,
        max_seconds: float,
        max_video: int,
        **options: object,
    ) -> object:
        limits = Limits(
            wall_seconds=timeout,
            cpu_seconds=max(1, round(timeout)),
            memory_bytes=memory << 20,
            max_pixels=max_pixels,
            max_parts=max_frames,
            max_file_bytes=max_size << 20,
            max_members=max_members,
            max_unpacked_bytes=max_unpacked << 20,
            max_depth=max_depth,
            total_seconds=max_seconds,
            max_video_seconds=max_video,
        )
        return command(*args, limits=limits, **options)

    return with_limits
