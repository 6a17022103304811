"""What counts as viewed: computed from what was shown, never set by hand (design §7).

A person was shown every page of the file in the case, at level 3 or 4, and it was visible to them; of a
video, they were played all of its running time, and of a file that is only sound, they were played all of
that. Lower levels, stills of a video and sheets of an animation's nine chosen frames never count. Of a file
that holds others the same person looked at all of them; one in which something cannot be shown never counts.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from safelight.media import archive
from safelight.media.rendering import Level
from safelight.media.sound_types import is_sound
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.people.models import Person
from safelight.server.review.inside import ITSELF
from safelight.server.review.models import Inside, MetadataShown, Playing, Viewing
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
    looked = _looked_at(shown)
    items = {item for item, _person in looked}
    mimes = dict(Item.objects.filter(pk__in=items).values_list("pk", "mime"))
    attached = set(
        Viewing.objects.filter(item__in=items, attachments=True, member=ITSELF).values_list("item", flat=True)
    )
    holding = {item for item in items if mimes[item] in archive.MIMES or item in attached}
    listed = {row.pk: row for row in Inside.objects.filter(pk__in=holding).defer("members")}
    found = set()
    for (item, _person), seen in looked.items():
        if item not in holding:
            of = Playing.Of.SOUND if is_sound(mimes[item]) else Playing.Of.PICTURE
            whole = (ITSELF, of) in seen
        else:
            whole = (inside := listed.get(item)) is not None and _all_of(inside, seen)
        if whole:
            found.add(item)
    return frozenset(found)


def _all_of(inside: Inside, seen: set[tuple[str, str]]) -> bool:
    return bool(inside.needed) and not inside.unseen and inside.needed.items() <= seen


def members_looked_at(case: Case, item_id: UUID, person: Person) -> frozenset[tuple[str, str]]:
    """What a person looked at whole, or heard whole, of a file and what is inside it, by address."""
    shown = _that_count(case).filter(item=item_id, person=person)
    return frozenset(_looked_at(shown).get((item_id, person.pk), ()))


def _looked_at(shown: QuerySet[Viewing]) -> dict[tuple[UUID, UUID], set[tuple[str, str]]]:
    """By file and person: the address of what was looked at whole, and what of it, picture or sound."""
    looked: dict[tuple[UUID, UUID], set[tuple[str, str]]] = defaultdict(set)
    turned: dict[tuple[UUID, UUID, str, int], set[int]] = defaultdict(set)
    told = shown.filter(pages__isnull=False, seconds__gte=LEAST_SECONDS)
    for item, person, member, pages, page in told.values_list("item", "person", "member", "pages", "page"):
        assert pages is not None  # the query says so
        turned[item, person, member, pages].add(page)
    for (item, person, member, pages), found in turned.items():
        if len(found) == pages:
            looked[item, person].add((member, Playing.Of.PICTURE))
    for of in Playing.Of:
        for item, member, person in played_whole(shown, of):
            looked[item, person].add((member, of))
    return looked


def heard_whole(case: Case) -> frozenset[UUID]:
    """The files of a case whose whole soundtrack one person heard in it; of a video it is no view."""
    heard = played_whole(_that_count(case), Playing.Of.SOUND)
    return frozenset(item for item, member, _person in heard if member == ITSELF)


def metadata_seen(item_id: UUID, *, case: Case) -> bool:
    """Whether anybody was shown in this case what the file's embedded fields say."""
    return MetadataShown.objects.filter(item=item_id, case=case).exists()
