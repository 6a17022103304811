"""Whether somebody looked at a file before they decided: asked here, so that nobody asserts it unobserved.

The room of review rests on cases, which ask it this; so it is imported when it is asked.
"""

from __future__ import annotations

from safelight.media.hearing import is_sound
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.people.models import Person


def has_viewed(person: Person, item: Item, case: Case) -> bool:
    """Whether a person opened this file whole in this case, in the controlled viewer."""
    from safelight.server.review.viewing import has_viewed_whole  # noqa: PLC0415 - see above

    return has_viewed_whole(item.pk, case=case, person_id=person.pk)


def was_shown(person: Person, item: Item, case: Case) -> bool:
    """Whether a person was shown this file in this case at level 1 or above."""
    from safelight.server.review.models import Viewing  # noqa: PLC0415 - see above

    shown = Viewing.objects.filter(item=item, case=case, person=person, level__gte=1)
    if not is_sound(item.mime):
        shown = shown.exclude(playing__of="sound")
    return shown.filter(shown_at__isnull=False).exists()
