"""Whether somebody looked at a file before they decided: asked here, so that nobody asserts it unobserved.

The room of review rests on cases, which ask it this; so it is imported when it is asked.
"""

from __future__ import annotations

from uuid import UUID

from safelight.media.sound_types import is_sound
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.people.models import Person


def has_viewed(person: Person, item: Item, case: Case) -> bool:
    """Whether a person opened this file whole in this case, in the controlled viewer."""
    from safelight.server.review.viewing import has_viewed_whole  # noqa: PLC0415 - see above

    return has_viewed_whole(item.pk, case=case, person_id=person.pk)


def was_shown(person: Person, item: Item, case: Case) -> bool:
    """Whether a person was shown this file in this case at level 1 or above."""
    return bool(shown_to(person, [item.pk], case))


def shown_to(person: Person, items: list[UUID], case: Case) -> set[UUID]:
    """Which of these files a person was shown in this case at level 1 or above."""
    from safelight.server.review.models import Viewing  # noqa: PLC0415 - see above

    # Who was shown something inside a file was not shown the file.
    rows = Viewing.objects.filter(item__in=items, case=case, person=person, level__gte=1, member="")
    seen = rows.filter(shown_at__isnull=False).values_list("item", "item__mime", "playing__of")
    # Who heard a video's sound was not shown the video.
    return {item for item, mime, of in seen if of != "sound" or is_sound(mime)}
