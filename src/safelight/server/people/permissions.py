"""The one path that decides what an actor may do. What no table of :mod:`.roles` grants is denied."""

from __future__ import annotations

from typing import Final, assert_never

from django.core import exceptions
from django.utils.translation import gettext as _

from safelight.server.cases.models import Case
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.people.actors import Actor, KeyActor, PersonActor, SystemActor
from safelight.server.people.models import Person, RoleGrant
from safelight.server.people.roles import (
    GRANTS,
    IN_AN_OWN_CASE,
    KEY_GRANTS,
    NEED_SECOND_FACTOR,
    PROCESS_GRANTS,
    Permission,
    Role,
)
from safelight.server.people.standing import is_demo
from safelight.server.review.models import CaseRelease

_WIDER: Final = {Permission.CASE_READ_OWN: Permission.CASE_READ_ALL}
"""A permission that holds in every case, for one that holds in one's own."""
_BY_RELEASE: Final = frozenset({Permission.CASE_READ_OWN, Permission.EVIDENCE_VIEW})
"""What a second person's release opens in others' cases and in finished ones."""


class PermissionDenied(exceptions.PermissionDenied):
    """The actor may not do this; the message says what is missing. Views answer 403."""

    def __init__(self, permission: Permission, why: str, *, needs_second_factor: bool = False) -> None:
        super().__init__(why)
        self.permission = permission
        self.needs_second_factor = needs_second_factor


def roles_of(person: Person) -> frozenset[Role]:
    """The roles a person holds now; none once they were suspended."""
    live = RoleGrant.objects.filter(person=person, person__is_active=True, revoked_at=None)
    return frozenset(Role(role) for role in live.values_list("role", flat=True))


def permissions_of(person: Person) -> frozenset[Permission]:
    """What those roles grant, factor and case apart. For menus; services call :func:`require`."""
    return frozenset[Permission]().union(*(GRANTS.get(role, frozenset()) for role in roles_of(person)))


def require(
    actor: Actor, permission: Permission, *, case: Case | None = None, item: Item | None = None
) -> None:
    """Return if the actor may do this, to this case or item; raise :class:`PermissionDenied` if not.

    Roles are read anew each time, so a revoked one ends at once. For what is allowed only in a case of one's
    own, name the case; an item without a case stands for the unfinished cases that it is in.
    """
    match actor:
        case PersonActor():
            _require_of_person(actor, permission, case, item)
        case SystemActor(process):
            if permission not in PROCESS_GRANTS.get(process, frozenset()):
                raise PermissionDenied(permission, f"The process {process} may not do this ({permission}).")
        case KeyActor(key):
            if key.audience != key.Audience.SERVER or not any(
                permission in KEY_GRANTS.get(scope, frozenset()) for scope in key.scopes
            ):
                raise PermissionDenied(permission, f"This key may not do this ({permission}).")
        case _:
            assert_never(actor)


def _require_of_person(
    actor: PersonActor, permission: Permission, case: Case | None, item: Item | None
) -> None:
    granted = permissions_of(actor.person)
    wider = _WIDER.get(permission)
    if permission not in granted and wider not in granted:
        raise PermissionDenied(permission, _("Your roles do not allow this. Ask an administrator."))
    if permission in NEED_SECOND_FACTOR and not actor.second_factor and not is_demo():
        raise PermissionDenied(
            permission,
            _("This needs your second factor. Confirm with your passkey or authenticator, then try again."),
            needs_second_factor=True,
        )
    if permission in IN_AN_OWN_CASE and wider not in granted and not _own(actor, permission, case, item):
        raise PermissionDenied(permission, _("This is allowed only in a case that is assigned to you."))


def _asked_about(actor: PersonActor, case: Case | None, item: Item) -> bool:
    """Whether the person has taken a second opinion about this very item, in an unfinished case."""
    asked = Case.objects.filter(
        state__in=[Case.State.OPEN, Case.State.DECIDED],
        opinions__taken_by=actor.person,
        opinions__state="taken",
        opinions__item=item,
    )
    return (asked if case is None else asked.filter(pk=case.pk)).exists()


def _own(actor: PersonActor, permission: Permission, case: Case | None, item: Item | None) -> bool:
    """Whether the case is the person's to act in. A finished case may be read by who worked it, no more."""
    theirs = Case.objects.filter(assigned_to=actor.person)
    if permission is Permission.CASE_WORK:
        theirs |= Case.objects.filter(assigned_to=None)
    if permission is not Permission.CASE_READ_OWN:
        theirs = theirs.exclude(state=Case.State.FINISHED)
    if permission in _BY_RELEASE:
        released = CaseRelease.objects.filter(person=actor.person, until__gt=now())
        theirs |= Case.objects.filter(pk__in=released.values("case"))
    if case is None and item is None:
        return False
    if permission is Permission.EVIDENCE_VIEW and item is not None and _asked_about(actor, case, item):
        return True
    if case is not None:
        theirs = theirs.filter(pk=case.pk)
    if item is not None:
        theirs = theirs.filter(members__occurrence__item=item)
    return theirs.exists()
