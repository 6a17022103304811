"""Which files together are one model, cut into shards; and their findings as those of one file.

Writers of sharded models name shards ``model-00001-of-00003.safetensors`` (Hugging Face's libraries, for
PyTorch's files too) and ``model-00001-of-00003.gguf`` (``gguf-split``). Beside safetensors lies an index of
which tensor is in which shard. It is not read: names say as much, and where shards are named otherwise, an
index says that the files beside it are one model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from safelight.media.findings import Findings
from safelight.signals.weights import T1, TENSORS, TSID, tsid_of
from safelight.types import WHOLE, Part, Problem, Signal, UnscannedReason

MOST_SHARDS: Final = 1_000
"""Of one model; the largest published have some two hundred."""

_INDEX: Final = ".safetensors.index.json"
_SHARD: Final = re.compile(
    r"(?P<stem>.*)-(?P<number>[0-9]{1,6})-of-(?P<total>[0-9]{1,6})"
    r"(?P<ending>\.(?:safetensors|gguf|bin|pt|pth|ckpt))",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ShardSet:
    """The shards of one model that lie beside each other, in their order, and the names of those that do not.

    ``name`` stands for all of them: ``model-*-of-00003.safetensors``.
    """

    name: str
    names: tuple[str, ...]
    missing: tuple[str, ...] = ()


def shard_sets(names: Iterable[str]) -> Iterator[ShardSet]:
    """The sets among the names of one folder, or with their folders those of several."""
    names = tuple(names)
    yield from _indexed(names)
    sets: dict[tuple[str, str, str], dict[int, list[str]]] = {}
    for name in names:
        if told := _SHARD.fullmatch(name):
            key = told["stem"], told["total"], told["ending"]
            sets.setdefault(key, {}).setdefault(int(told["number"]), []).append(name)
    for (stem, total, ending), found in sets.items():
        if not 1 < int(total) <= MOST_SHARDS or len(found) > MOST_SHARDS:
            continue
        first = 0 if 0 in found and int(total) not in found else 1  # some writers count from 0
        width = len(next(iter(found.values()))[0]) - len(f"{stem}--of-{total}{ending}")
        yield ShardSet(
            f"{stem}-*-of-{total}{ending}",
            tuple(name for number in sorted(found) for name in found[number]),
            tuple(
                f"{stem}-{number:0{width}d}-of-{total}{ending}"
                for number in range(first, first + int(total))
                if number not in found
            ),
        )


def _indexed(names: Iterable[str]) -> Iterator[ShardSet]:
    """Safetensors beside an index, in folders where none is named as writers name shards."""
    folders: dict[str, list[str]] = {}
    indexed: set[str] = set()
    for name in names:
        folder, slash, base = name.rpartition("/")
        if base.endswith(_INDEX):
            indexed.add(folder + slash)
        elif base.endswith(".safetensors"):
            folders.setdefault(folder + slash, []).append(name)
    for folder in sorted(indexed):
        beside = folders.get(folder, [])
        if 1 < len(beside) <= MOST_SHARDS and not any(map(is_shard, beside)):
            yield ShardSet(f"{folder}*.safetensors", tuple(beside))


def is_shard(name: str) -> bool:
    """Whether a file's name is one that writers give to a shard."""
    return _SHARD.fullmatch(name) is not None


def together(findings: Findings, shards: ShardSet, name: str | None = None) -> Findings:
    """The findings of members, with the tensors of these shards as of one member, or of the file itself.

    What is of a whole shard stays its own. A set of which no tensor was found is left as it was.
    """
    prefix = () if name is None else (name,)
    at = {each: str(number) for number, each in enumerate(shards.names, start=1)}
    kept: list[Signal] = []
    tensors: list[Signal] = []
    for signal in findings.signals:
        holder = signal.part.members[0] if len(signal.part.members) == 2 else ""
        if signal.type in TENSORS and holder in at:
            # Two shards may call a tensor the same: the address says which it is of.
            part = Part((*prefix, signal.part.members[1]), (("shard", at[holder]),))
            tensors.append(replace(signal, part=part))
        else:
            kept.append(signal)
    tsid = tsid_of(signal.value for signal in tensors if signal.type == T1.name)
    if tsid is None:
        return findings
    problems = (
        *(problem for problem in findings.problems if not _has_none(problem, at)),
        *missing_shards(shards, Part(prefix)),
    )
    signals = (*kept, Signal(TSID.name, tsid, part=Part(prefix)), *tensors)
    return replace(findings, signals=signals, problems=problems)


def missing_shards(shards: ShardSet, part: Part = WHOLE) -> tuple[Problem, ...]:
    """What is to be said of shards that are not there; what is there was compared."""
    if not shards.missing:
        return ()
    several = len(shards.missing)
    detail = (
        f"{several} of {several + len(shards.names)} shards are missing, the first is {shards.missing[0]}"
    )
    return (Problem(UnscannedReason.TRUNCATED, part, detail[:200]),)


def _has_none(problem: Problem, names: Iterable[str]) -> bool:
    """Whether it says that a shard has no tensors: the first of a set may hold metadata alone."""
    return problem.reason is UnscannedReason.EMPTY and problem.part.members in {(name,) for name in names}
