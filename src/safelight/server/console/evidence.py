"""How long the evidence of a case is kept, and the acts that change it: hold, extend, ask for destruction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from safelight.errors import UsageError
from safelight.server.cases.models import Case
from safelight.server.console.access import act, done, page
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission
from safelight.server.vault import services as vault
from safelight.server.vault.kept import kept_of
from safelight.vault.retention import Basis

Act: TypeAlias = Callable[[PersonActor, UUID, QueryDict], object]


@page(Permission.CASE_READ_ALL, Permission.CASE_TAKE)
def evidence(request: HttpRequest, actor: PersonActor, case_id: UUID) -> HttpResponse:
    """The clocks of everything that is sealed of a case."""
    case = get_object_or_404(Case, pk=case_id)
    granted = permissions_of(actor.person)
    context = {
        "case": case,
        "kept": kept_of(actor, case),
        "may_hold": Permission.EVIDENCE_HOLD in granted,
        "may_destroy": Permission.EVIDENCE_DESTROY in granted,
        "may_export": Permission.EVIDENCE_EXPORT in granted,
        "bases": [(Basis.OPERATOR, _("our own")), (Basis.LAW_ENFORCEMENT, _("law enforcement's"))],
    }
    return render(request, "console/evidence.html", context)


@act(Permission.EVIDENCE_HOLD, Permission.EVIDENCE_DESTROY)
def change(request: HttpRequest, actor: PersonActor, case_id: UUID, object_id: UUID) -> HttpResponse:
    """One act about one sealed object of the case; the service decides whether this person may."""
    case = get_object_or_404(Case, pk=case_id)
    wanted = _ACTS.get(request.POST.get("act", ""))
    if wanted is None or object_id not in {one.id for one in kept_of(actor, case).objects}:
        return HttpResponseBadRequest()
    todo, said = wanted
    done(request, lambda: todo(actor, object_id, request.POST), str(said()))
    return redirect("console_case_evidence", case.pk)


def _hold(actor: PersonActor, object_id: UUID, said: QueryDict) -> object:
    return vault.hold(actor, object_id, said.get("reason", ""))


def _release(actor: PersonActor, _object_id: UUID, said: QueryDict) -> None:
    try:
        hold_id = UUID(said.get("hold", ""))
    except ValueError:
        raise UsageError(_("Reload the page, and choose the hold again.")) from None
    vault.release(actor, hold_id, said.get("reason", ""))


def _extend(actor: PersonActor, object_id: UUID, said: QueryDict) -> object:
    try:
        until = datetime.strptime(said.get("until", ""), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(_("Name the day until which it is kept.")) from None
    return vault.extend(actor, object_id, until, said.get("reason", ""))


def _destroy(actor: PersonActor, object_id: UUID, said: QueryDict) -> object:
    try:
        basis = Basis(said.get("basis", ""))
    except ValueError:
        raise UsageError(_("Say whose wish it is.")) from None
    return vault.request_destruction(actor, object_id, basis, said.get("reason", ""))


_ACTS: Final[dict[str, tuple[Act, Callable[[], str]]]] = {
    "hold": (_hold, lambda: _("Held. Nobody destroys it until the hold is released.")),
    "release": (_release, lambda: _("Released.")),
    "extend": (_extend, lambda: _("Kept longer.")),
    "destroy": (_destroy, lambda: _("Asked for. Somebody else has to approve it.")),
}
