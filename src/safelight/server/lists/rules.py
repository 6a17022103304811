"""What holds for every list: which take two people, which classes may be there, what has to be said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from safelight.server.ids import now
from safelight.server.lists.errors import ClassNotAllowed, ReasonNeeded
from safelight.server.lists.models import HashList
from safelight.server.people.actors import Actor, PersonActor
from safelight.server.people.standing import is_demo
from safelight.types import ListClass

LONGEST_REVIEW: Final = timedelta(days=2 * 366)
"""A review date further off than two years is no review."""

NEVER_MAPPED: Final = frozenset({ListClass.KNOWN_GOOD, ListClass.TEST})
"""No classification of a source may silence, and none makes its entries a test."""


def needs_two(row: HashList) -> bool:
    """Whether additions to a list take two people, whatever way they come in."""
    return row.own or row.list_class == ListClass.KNOWN_GOOD


def added_by_hand(row: HashList, actor: Actor) -> bool:
    """Whether an addition takes two people: also what a person adds to a list of somebody else's."""
    return needs_two(row) or isinstance(actor, PersonActor)


def check_class(list_class: ListClass) -> None:
    """Raises :class:`ClassNotAllowed`: a demo workspace holds lists of class ``test`` only."""
    if is_demo() and list_class is not ListClass.TEST:
        raise ClassNotAllowed(
            _("A demo workspace holds lists of class test only. Make a workspace for real work.")
        )


def check_categories(categories: Mapping[str, str]) -> dict[str, str]:
    """A map from classifications to list classes, checked. Raises :class:`ClassNotAllowed`."""
    checked: dict[str, str] = {}
    for told, class_ in categories.items():
        if class_ not in set(ListClass) or ListClass(class_) in NEVER_MAPPED:
            usable = ", ".join(sorted(set(ListClass) - NEVER_MAPPED))
            raise ClassNotAllowed(_("A classification can stand for one of: %s.") % usable)
        checked[told] = ListClass(class_).value
    return checked


def check_reason(reason: str) -> str:
    """The reason, without space around it. Raises :class:`ReasonNeeded`."""
    if not reason.strip():
        raise ReasonNeeded(_("Say why: the second person and the ledger need a reason."))
    return reason.strip()


def check_review(review_at: datetime | None) -> datetime:
    """A review date. Raises :class:`ReasonNeeded` for none, a past one, or one too far off."""
    if review_at is None or not now() < review_at <= now() + LONGEST_REVIEW:
        raise ReasonNeeded(
            _("Say when this is to be reviewed: a date in the future, within two years from now.")
        )
    return review_at
