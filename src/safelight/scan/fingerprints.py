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
from safelight.signals.digest import digest
from safelight.signals.weights import (
    AUTOV3,
    TENSORS,
    TSID,
    ModelDigests,
    TensorDigest,
    autov2,
)
from safelight.types import ListClass, ListEntry, Problem, Signal, UnscannedReason

_BY_DIGESTS: frozenset[str] = frozenset({"sha256", "autov2", AUTOV3.name})


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One model: the hashes of each of its files, the digests of all its tensors, and what was amiss.

    ``files`` are in the order given; ``problems`` name the file they are about.
    """

    files: tuple[tuple[str, tuple[Signal, ...]], ...]
    tensors: tuple[TensorDigest, ...]
    problems: tuple[tuple[str, Problem], ...] = ()

    @property
    def tsid(self) -> str | None:
        """That of all tensors of all files together, so that a sharded copy has that of the whole."""
        return ModelDigests(self.tensors).tsid


def fingerprint(paths: Iterable[str | os.PathLike[str]], sandbox: Sandbox) -> Fingerprint:
    """Digest the files of one model. What a file does wrong is in the problems."""
    files: list[tuple[str, tuple[Signal, ...]]] = []
    tensors: list[TensorDigest] = []
    problems: list[tuple[str, Problem]] = []
    for path in model_files(paths):
        name = str(path)
        with open_media(path, max_bytes=sandbox.limits.max_file_bytes) as opened:
            if isinstance(opened, Problem):
                problems.append((name, opened))
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
                tensors += found.tensors
                problems += [(name, problem) for problem in wrong]
        files.append((name, tuple(whole)))
    return Fingerprint(tuple(files), tuple(tensors), tuple(problems))


def model_files(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """The files named, and those directly in the folders named: a sharded model is a folder."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if each.is_file())
        else:
            yield path


def entries(model: Fingerprint, list_name: str, key: str, store: ListStore) -> Iterator[ListEntry]:
    """The entries of one model under one key: its files' hashes, its TSID, and its distinctive tensors.

    Distinctive is what no enabled known-good list of the store has: add benign base models to one first, or
    everything that was trained from them will be found to share their weights. Raises
    :class:`~safelight.errors.UsageError` where there is nothing to know the model by.
    """
    if not model.files:
        raise UsageError("there is no model file to add")
    for _, signals in model.files:
        yield from (ListEntry(list_name, key, s) for s in signals if s.type in _BY_DIGESTS)
    if model.tsid:
        yield ListEntry(list_name, key, Signal(TSID.name, model.tsid))
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
