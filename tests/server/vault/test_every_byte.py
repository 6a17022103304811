"""No byte of a sealed object, nor of its key record, can be altered without being found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from safelight.server.vault.checking import check_evidence
from safelight.server.vault.models import SealedObject
from safelight.server.vault.serving import keeper_of

CONTENT = b"a grey square, drawn for this trial; " * 4


def altered(whole: bytes, step: int) -> Iterator[bytes]:
    """Every single bit of every ``step``-th byte in turn, and a byte less or more at either end."""
    for place in range(0, len(whole), step):
        for bit in range(8):
            yield whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
    yield from (whole[1:], whole[:-1], b"\0" + whole, whole + b"\0", b"")


def tamper(vault, row, step: int) -> tuple[int, int]:
    """How often something was altered, and how often a check of all evidence said nothing."""
    keeper = keeper_of(vault.ring)
    tried = missed = 0

    def look(changes: Iterable[object]) -> None:
        nonlocal tried, missed
        for _ in changes:
            tried += 1
            missed += check_evidence(keeper).is_whole

    [file] = (path for path in (vault.workspace / "evidence").rglob(f"*{row.pk}*") if path.is_file())
    whole = file.read_bytes()
    look(file.write_bytes(other) for other in altered(whole, step))
    file.write_bytes(whole)
    only = SealedObject.objects.filter(pk=row.pk)
    wrapped = bytes(only.get().wrapped_key)
    look(only.update(wrapped_key=other) for other in altered(wrapped, step))
    only.update(wrapped_key=wrapped)
    swap_with_other_objects(file, look)
    file.write_bytes(whole)
    assert check_evidence(keeper).is_whole
    return tried, missed


def swap_with_other_objects(file: Path, look) -> None:
    """Another object's bytes in this one's place are not this one."""
    others = [path for path in file.parents[1].rglob("*") if path.is_file() and path != file]
    look(file.write_bytes(other.read_bytes()) for other in others)


def test_a_key_that_is_blanked_behind_the_servers_back_is_found(db, vault, seal_one, monkeypatch):
    row = seal_one(CONTENT)
    # As it is once an intruder has dropped the constraint that refuses it.
    row.wrapped_key = None
    found = type(SealedObject.objects.all())
    monkeypatch.setattr(found, "first", lambda query: row)
    report = check_evidence(keeper_of(vault.ring))
    assert [one.object_id for one in report.damaged] == [row.pk]


def test_altered_evidence_is_found(db, vault, seal_one):
    row = seal_one(CONTENT)
    seal_one(b"another square")
    tried, missed = tamper(vault, row, step=17)
    assert tried > 150
    assert missed == 0


@pytest.mark.slow
def test_every_bit_of_evidence_counts(db, vault, seal_one):
    row = seal_one(CONTENT)
    seal_one(b"another square")
    tried, missed = tamper(vault, row, step=1)
    print(f"FIGURE object_tampered_{connection.vendor} {tried}")
    print(f"FIGURE object_tamper_missed_{connection.vendor} {missed}")
    assert missed == 0
