"""Whether somebody looked at a file before they decided: asked here, so that nobody asserts it unobserved."""

from __future__ import annotations

from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.people.models import Person


def has_viewed(_person: Person, _item: Item) -> bool:
    """Whether a person opened this file whole, in the controlled viewer.

    There is no viewer yet, so nobody has.
    """
    return False


def was_shown(_person: Person, _item: Item, _case: Case) -> bool:
    """Whether a person was shown this file in this case at level 1 or above; there is no viewer yet."""
    return False
