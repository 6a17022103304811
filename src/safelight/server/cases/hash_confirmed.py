"""When equal digests alone say what a file is, and so nobody needs to look at it.

*Hash-confirmed* means: the SHA-256 of the file itself, or both its MD5 and its SHA-1, equal one entry. A
member of an archive is not the file; MD5 or SHA-1 alone can be forged; likeness is never equality, not even
at distance 0; and a list in shadow, or a list or entry that is held, confirms nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from safelight.scan.policy import ABUSE_CLASSES
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.types import WHOLE, Match

_SUFFICE: Final = (frozenset({"sha256"}), frozenset({"md5", "sha1"}))


def hash_confirmed(matches: Iterable[Match], lists: Collection[str] | None = None) -> bool:
    """Whether these matches confirm a file by one entry of an abuse list; of ``lists`` if some are named."""
    types: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for match in matches:
        named = lists is None or match.list in lists
        acts = named and not (match.shadow or match.held)
        if acts and match.list_class in ABUSE_CLASSES and match.signal.part == WHOLE:
            types[match.list, match.entry_key].add(match.signal.type)
    return any(needed <= found for found in types.values() for needed in _SUFFICE)


def matches_of(item: Item) -> tuple[Match, ...]:
    """What the item matched when it was last scanned. Raises :class:`~safelight.errors.KeyMismatch`."""
    return record_keys().open_observation(item.pk, item.observation).observation.matches
