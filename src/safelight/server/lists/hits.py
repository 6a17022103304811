"""Counts what lists hit: one row an occurrence and entry, from which rates and precision follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from safelight.scan.policy import is_exact
from safelight.server.ids import now
from safelight.server.intake.models import Occurrence
from safelight.server.lists.models import HashList, Hit
from safelight.types import Match

_MOST: Final = 100
"""Entries counted of one occurrence: more tell nothing new of any list."""


def keep_hits(occurrence: Occurrence, matches: Iterable[Match]) -> None:
    """Count the entries that matched an occurrence; in the transaction that records it."""
    of_entries: dict[tuple[str, str], bool] = {}
    for match in matches:
        entry = match.list, match.entry_key
        of_entries[entry] = of_entries.get(entry, False) or is_exact(match)
    if not of_entries:
        return
    lists = dict(HashList.objects.filter(name__in={name for name, _ in of_entries}).values_list("name", "pk"))
    Hit.objects.bulk_create(
        (
            Hit(list_id=lists[name], key=key, occurrence=occurrence, exact=exact, at=now())
            for (name, key), exact in list(of_entries.items())[:_MOST]
            if name in lists
        ),
        ignore_conflicts=True,
    )
