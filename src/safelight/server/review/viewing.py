"""What counts as viewed: computed from what was shown, never set by hand (design §7).

A person was shown every page of the file in the case, at level 3 or 4, and it was visible to them; of a
video, they were played all of its running time, and of a file that is only sound, they were played all of
that. Lower levels, stills of a video and sheets of an animation's nine chosen frames never count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from safelight.media.rendering import Level
from safelight.media.sound_types import is_sound
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.review.models import MetadataShown, Playing, Viewing
from safelight.server.review.played import played_whole

LEAST_LEVEL: Final = Level.GREY
LEAST_SECONDS: Final = 1.0
"""A page that was visible for less was not looked at."""


def has_viewed_whole(
    item_id: UUID, *, case: Case, before: datetime | None = None, person_id: UUID | None = None
) -> bool:
    """Whether one person, or this one, looked at the whole file in this case before a time."""
    shown = _that_count(case).filter(item=item_id)
    if before is not None:
        shown = shown.filter(Q(playing=None, shown_at__lt=before) | Q(heard_at__lt=before))
    if person_id is not None:
        shown = shown.filter(person=person_id)
    return bool(_whole(shown))


def viewed_whole(case: Case) -> frozenset[UUID]:
    """The files of a case that one person looked at whole in it."""
    return _whole(_that_count(case))


def _that_count(case: Case) -> QuerySet[Viewing]:
    return Viewing.objects.filter(
        case=case,
        level__gte=LEAST_LEVEL,
        whole=True,
        shown_at__isnull=False,
    )


def _whole(shown: QuerySet[Viewing]) -> frozenset[UUID]:
    seen: dict[tuple[UUID, UUID, int], set[int]] = defaultdict(set)
    turned = shown.filter(pages__isnull=False, seconds__gte=LEAST_SECONDS)
    for item, person, pages, page in turned.values_list("item", "person", "pages", "page"):
        assert pages is not None  # the query says so
        seen[item, person, pages].add(page)
    pages_of = frozenset(item for (item, _person, pages), found in seen.items() if len(found) == pages)
    watched = {item for item, _person in played_whole(shown, Playing.Of.PICTURE)}
    return pages_of | watched | _sounds(item for item, _person in played_whole(shown, Playing.Of.SOUND))


def heard_whole(case: Case) -> frozenset[UUID]:
    """The files of a case whose whole soundtrack one person heard in it; of a video it is no view."""
    return frozenset(item for item, _person in played_whole(_that_count(case), Playing.Of.SOUND))


def _sounds(items: Iterable[UUID]) -> frozenset[UUID]:
    told = Item.objects.filter(pk__in=tuple(items)).values_list("pk", "mime")
    return frozenset(item for item, mime in told if is_sound(mime))


def metadata_seen(item_id: UUID, *, case: Case) -> bool:
    """Whether anybody was shown in this case what the file's embedded fields say."""
    return MetadataShown.objects.filter(item=item_id, case=case).exists()
