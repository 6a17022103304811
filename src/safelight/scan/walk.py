"""Every file beneath the paths that an operator names, in a steady order, with what could not be entered.

Directories are listed and sorted one at a time, so memory follows the largest directory, not the tree.
Names stay the bytes that the operating system gave, as text with surrogate escapes (:func:`os.fsdecode`).
Symbolic links that the operator names are followed; those found on the way are counted and left alone, so no
link leads out of the tree or around in it.
"""

from __future__ import annotations

import fnmatch
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path, PurePath

from safelight.media.shards import ShardSet, shard_sets
from safelight.types import Problem, UnscannedReason


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file, and by what a later walk sees that it is the same, unchanged one.

    ``size`` in bytes; ``changed_ns`` is the inode's change time in nanoseconds, which, unlike the
    modification time, no program can set back.
    """

    path: str
    size: int
    changed_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class FoundSet(Found):
    """The shards of one model in one folder, to be looked at as one file beside each of them.

    ``path`` stands for all of them (``models/llama-*-of-00003.gguf``); size, time and inode change when any
    of them does, appears or goes. ``paths`` are theirs, in the order of ``shards``.
    """

    shards: ShardSet
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A path that is not scanned: no file, not readable, gone. Nothing of it was opened."""

    path: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class _Node:
    path: str
    above: frozenset[tuple[int, int]] = frozenset()
    """Device and inode of every directory above; none above a path that the operator named."""
    shards: ShardSet | None = None


@dataclass(slots=True)
class Walk:
    """One walk; iterate it once. The counts say what was left out on purpose."""

    paths: Sequence[str]
    exclude: Sequence[str] = ()
    """Shell patterns; one without a slash is held against each name, one with a slash against the path."""
    sets: bool = False
    """Whether shards of a model are met once more together, as a :class:`FoundSet`, behind their folder."""
    links: int = field(default=0, init=False)
    excluded: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Found | Refused]:
        # An explicit stack, not recursion: a tree may be deeper than Python's.
        stack: list[Iterator[_Node]] = [iter([_Node(path) for path in distinct(self.paths)])]
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
                continue
            met = self._look(node) if node.shards is None else self._together(node.path, node.shards)
            if isinstance(met, Found | Refused):
                yield met
            elif met is not None:
                stack.append(met)

    def _look(self, node: _Node) -> Found | Refused | Iterator[_Node] | None:
        named = not node.above
        if not named and self._is_excluded(node.path):
            self.excluded += 1
            return None
        try:
            found = Path(node.path).stat(follow_symlinks=named)
        except (OSError, ValueError) as error:
            return _unreadable(node.path, error)
        if stat.S_ISREG(found.st_mode):
            return Found(node.path, found.st_size, found.st_ctime_ns, found.st_ino)
        if stat.S_ISLNK(found.st_mode):
            self.links += 1
            return None
        if stat.S_ISDIR(found.st_mode):
            return _enter(node, (found.st_dev, found.st_ino), sets=self.sets)
        what = _SPECIAL.get(stat.S_IFMT(found.st_mode), "special file")
        return Refused(node.path, Problem(UnscannedReason.NOT_A_FILE, detail=f"a {what}"))

    def _together(self, within: str, shards: ShardSet) -> FoundSet | Iterator[_Node]:
        """The regular files of a set; nothing where its names are of links, folders or what is left out."""
        there: dict[str, os.stat_result] = {}
        for name in shards.names:
            path = within + name
            with suppress(OSError, ValueError):
                found = Path(path).stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode) and not self._is_excluded(path):
                    there[name] = found
        if not there:
            return iter(())
        gone = [name for name in shards.names if name not in there]
        told = replace(shards, names=tuple(there), missing=tuple(sorted((*gone, *shards.missing))))
        size = sum(each.st_size for each in there.values())
        changed = max(each.st_ctime_ns for each in there.values())
        inode = zlib.crc32(repr([each.st_ino for each in there.values()]).encode())
        paths = tuple(within + name for name in told.names)
        return FoundSet(within + told.name, size, changed, inode, told, paths)

    def _is_excluded(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return any(fnmatch.fnmatchcase(path if "/" in p else name, p) for p in self.exclude)


def _enter(node: _Node, here: tuple[int, int], *, sets: bool) -> Iterator[_Node] | Refused:
    if here in node.above:
        detail = "a directory that is mounted inside itself"
        return Refused(node.path, Problem(UnscannedReason.NOT_A_FILE, detail=detail))
    try:
        with os.scandir(node.path) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        return _unreadable(node.path, error)
    within = node.path if node.path.endswith("/") else node.path + "/"
    above = node.above | {here}
    nodes = (_Node(within + name, above) for name in names)
    together = (_Node(within, above, each) for each in (shard_sets(names) if sets else ()))
    return chain(nodes, together)


def distinct(paths: Iterable[str]) -> list[str]:
    """The paths without those that lie within another of them, so that no file is met twice."""
    given = list(dict.fromkeys(paths))
    real = {path: os.path.realpath(path) for path in given}
    kept: list[str] = []
    for path in sorted(given, key=lambda path: len(real[path])):
        holders = {real[path], *map(str, PurePath(real[path]).parents)}
        if not any(real[other] in holders for other in kept):
            kept.append(path)
    return sorted(kept, key=given.index)


def _unreadable(path: str, error: OSError | ValueError) -> Refused:
    detail = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Refused(path, Problem(UnscannedReason.UNREADABLE, detail=detail))


_SPECIAL = {
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
}
