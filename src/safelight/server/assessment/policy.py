"""How many people have to answer about an item, by the classes of the lists that it matched."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from django.conf import settings

from safelight.server.cases.hash_confirmed import matches_of
from safelight.server.intake.models import Item

UNLISTED: Final = "unlisted"
"""The class of what no list matched: reported by somebody, or found otherwise."""


class Opinions(StrEnum):
    """From least to most: the strictest of an item's classes holds."""

    NONE = "none"
    SECOND = "second"
    BLIND = "blind"
    THREE = "three"
    """A blind second to decide, and a third before the file may be added to a list."""


_ORDER: Final = tuple(Opinions)


def wanted_for(item: Item) -> Opinions:
    """What the policy wants for an item. Raises :class:`~safelight.errors.KeyMismatch`."""
    config = settings.CONFIG.assessment
    classes = {match.list_class.value for match in matches_of(item)} or {UNLISTED}
    told = (Opinions(config.opinions_of.get(name, config.opinions)) for name in classes)
    return max(told, key=_ORDER.index)
