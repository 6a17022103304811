"""What a form on a case's page asks for: each act by its name, done by a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from safelight.errors import UsageError
from safelight.server.cases import handling, rearranging
from safelight.server.cases.errors import NotInCase
from safelight.server.cases.models import Case, CaseAccount
from safelight.server.cases.services import set_role
from safelight.server.intake.models import Account, Occurrence
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Person

Act: TypeAlias = Callable[[PersonActor, Case, QueryDict], tuple[str, Case]]
"""Does it, and returns what to tell and the case to go on with."""


def _take(actor: PersonActor, case: Case, _said: QueryDict) -> tuple[str, Case]:
    handling.take(actor, case)
    return _("This case is yours now."), case


def _pass_on(actor: PersonActor, case: Case, _said: QueryDict) -> tuple[str, Case]:
    handling.pass_on(actor, case)
    return _("Passed on. Nobody asks why."), case


def _assign(actor: PersonActor, case: Case, said: QueryDict) -> tuple[str, Case]:
    person = None
    if told := said.get("person", ""):
        person = Person.objects.filter(pk=_id(told)).first()
        if person is None:
            raise UsageError(_("There is nobody of this id."))
    handling.assign(actor, case, person)
    return _("Assigned.") if person else _("Back in the queue."), case


def _comment(actor: PersonActor, case: Case, said: QueryDict) -> tuple[str, Case]:
    handling.comment(actor, case, said.get("text", ""))
    return _("Noted."), case


def _danger(actor: PersonActor, case: Case, _said: QueryDict) -> tuple[str, Case]:
    handling.set_imminent_danger(actor, case)
    return _("On top of the queue now, and people are told. Follow your emergency steps."), case


def _calm(actor: PersonActor, case: Case, said: QueryDict) -> tuple[str, Case]:
    handling.clear_imminent_danger(actor, case, said.get("reason", ""))
    return _("Taken off."), case


def _role(actor: PersonActor, case: Case, said: QueryDict) -> tuple[str, Case]:
    account = Account.objects.filter(pk=_id(said.get("account", ""))).first()
    role = said.get("role", "")
    if account is None or role not in CaseAccount.Role.values:
        raise NotInCase(_("This account is not part of the case."))
    set_role(actor, case, account, CaseAccount.Role(role), said.get("reason", ""))
    return _("Noted."), case


def _merge(actor: PersonActor, case: Case, said: QueryDict) -> tuple[str, Case]:
    other = Case.objects.filter(pk=_id(said.get("other", ""))).first()
    if other is None:
        raise UsageError(_("There is no case of this id. Copy it from the other case's page."))
    rearranging.merge(actor, case, other)
    return _("Merged into this case."), case


def _split(actor: PersonActor, case: Case, said: QueryDict) -> tuple[str, Case]:
    ids = [_id(told) for told in said.getlist("occurrence")]
    chosen = list(Occurrence.objects.filter(pk__in=ids, membership__case=case))
    return _("This is the new case."), rearranging.split(actor, case, chosen)


def _id(told: str) -> UUID:
    try:
        return UUID(told.strip())
    except ValueError:
        raise UsageError(_("This is no id. Copy one from a page of the console.")) from None


ACTS: Final[dict[str, Act]] = {
    "take": _take,
    "pass_on": _pass_on,
    "assign": _assign,
    "comment": _comment,
    "danger": _danger,
    "calm": _calm,
    "role": _role,
    "merge": _merge,
    "split": _split,
}
