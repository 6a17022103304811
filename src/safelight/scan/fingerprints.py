"""What a model, in one file or in shards, is known by, and how that is written into a list."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from safelight.errors import UsageError
from safelight.lists.store import ListStore
from safelight.matching.models import weight_flags
from safelight.media import open_media
from safelight.media.model_file import MIMES, digest_model
from safelight.media.sandbox.client import Sandbox
from safelight.media.shards import missing_shards, shard_sets
from safelight.signals.digest import digest
from safelight.signals.weights import (
    AUTOV3,
    TENSORS,
    TSID,
    ModelDigests,
    TensorDigest,
    autov2,
    tsid_of,
)
from safelight.types import ListClass, ListEntry, MediaKind, Problem, Signal, UnscannedReason

_BY_DIGESTS: frozenset[str] = frozenset({"sha256", "autov2", AUTOV3.name})


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One model: the hashes of each of its files, the digests of all its tensors, and what was amiss.

    ``files`` are in the order given; ``problems`` name the file they are about, ``left_out`` the files of a
    folder that are no model files. ``sets`` are the TSIDs of shards that belong together by their names, by
    what stands for those: a folder may hold a model in two forms.
    """

    files: tuple[tuple[str, tuple[Signal, ...]], ...]
    tensors: tuple[TensorDigest, ...]
    problems: tuple[tuple[str, Problem], ...] = ()
    left_out: tuple[str, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()

    @property
    def tsid(self) -> str | None:
        """That of all tensors of all files together, so that a sharded copy has that of the whole."""
        return ModelDigests(self.tensors).tsid


def fingerprint(paths: Iterable[str | os.PathLike[str]], sandbox: Sandbox) -> Fingerprint:
    """Digest the files of one model. What a file does wrong is in the problems, and which shards are missing.

    Of a folder, files that are no model files by their content are left out: another model's licence is the
    same.
    """
    files: list[tuple[str, tuple[Signal, ...]]] = []
    tensors: dict[Path, tuple[TensorDigest, ...]] = {}
    problems: list[tuple[str, Problem]] = []
    left_out: list[str] = []
    for path, named in model_files(paths):
        name = str(path)
        with open_media(path, max_bytes=sandbox.limits.max_file_bytes) as opened:
            if isinstance(opened, Problem):
                problems.append((name, opened))
                continue
            if not named and all(each.kind is not MediaKind.MODEL_FILE for each in opened.content.formats):
                left_out.append(name)
                continue
            digests = digest(opened.fd)
            whole = [*digests.signals(), autov2(digests.sha256)]
            mime = next((each.mime for each in opened.content.formats if each.mime in MIMES), None)
            if mime is None:
                detail = f"{opened.mime} is no model file whose tensors are read; it is known by its digests"
                problems.append((name, Problem(UnscannedReason.UNSUPPORTED, detail=detail)))
            else:
                found, wrong = digest_model(opened.fd, opened.size, mime, sandbox)
                whole += [s for s in found.signals() if s.type not in TENSORS]
                tensors[path] = found.tensors
                problems += [(name, problem) for problem in wrong]
        files.append((name, tuple(whole)))
    sets: list[tuple[str, str]] = []
    for shards in shard_sets(name for name, _ in files):
        of_set = [tensor for name in shards.names for tensor in tensors.get(Path(name), ())]
        if tsid := tsid_of(tensor.t1 for tensor in of_set):
            problems = [each for each in problems if not _empty(each, shards.names)]
            problems += [(shards.name, problem) for problem in missing_shards(shards)]
            sets.append((shards.name, tsid))
    every = tuple(tensor for found in tensors.values() for tensor in found)
    return Fingerprint(tuple(files), every, tuple(problems), tuple(left_out), tuple(sets))


def _empty(told: tuple[str, Problem], shards: tuple[str, ...]) -> bool:
    """Whether it says that a shard has no tensors: the first of a set may hold metadata alone."""
    name, problem = told
    return problem.reason is UnscannedReason.EMPTY and name in shards


def model_files(paths: Iterable[str | os.PathLike[str]]) -> Iterator[tuple[Path, bool]]:
    """The files, and whether each was named: of a folder those directly in it, since shards lie in one."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from ((each, False) for each in sorted(path.iterdir()) if each.is_file())
        else:
            yield path, True


def entries(model: Fingerprint, list_name: str, key: str, store: ListStore) -> Iterator[ListEntry]:
    """The entries of one model under one key: its files' hashes, its TSIDs, and its distinctive tensors.

    Distinctive is what no enabled known-good list of the store has: add benign base models to one first, or
    everything that was trained from them will be found to share their weights. Raises
    :class:`~safelight.errors.UsageError` where there is nothing to know the model by.
    """
    if not model.files:
        raise UsageError("there is no model file to add")
    for _, signals in model.files:
        yield from (ListEntry(list_name, key, s) for s in signals if s.type in _BY_DIGESTS)
    whole_ids = dict.fromkeys(tsid for tsid in (model.tsid, *(tsid for _, tsid in model.sets)) if tsid)
    for tsid in whole_ids:
        yield ListEntry(list_name, key, Signal(TSID.name, tsid))
    benign = _benign(model.tensors, list_name, store)
    own: dict[str, list[TensorDigest]] = {}
    for tensor in model.tensors:
        if tensor.t1 not in benign:
            own.setdefault(tensor.t1, []).append(tensor)
    whole = sum(tensor.size for tensors in own.values() for tensor in tensors)
    for number, tensors in enumerate(own.values()):
        flags = weight_flags(number, sum(tensor.size for tensor in tensors) / whole)
        for signal in tensors[0].signals():
            yield ListEntry(list_name, key, signal, flags=flags)


def _benign(tensors: Iterable[TensorDigest], list_name: str, store: ListStore) -> set[str]:
    """The T1 of tensors that another, known-good list has."""
    good = {each.name for each in store.lists() if each.list_class is ListClass.KNOWN_GOOD} - {list_name}
    if not good:
        return set()
    told = [(tensor.t1, signal) for tensor in tensors for signal in tensor.signals()]
    found = store.find([signal for _, signal in told])
    return {t1 for (t1, _), rows in zip(told, found, strict=True) if any(row.list in good for row in rows)}
