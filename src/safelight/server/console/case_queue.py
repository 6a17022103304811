"""The queue as people filter it: the same order as everywhere, narrowed down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from safelight.server.cases.models import Case, CaseOccurrence
from safelight.server.cases.queue import ORDER, behind, place_of, readable
from safelight.server.cases.reading import if_readable
from safelight.server.intake.models import Account, Surface
from safelight.server.intake.record_keys import record_keys
from safelight.server.intake.told import platform_id
from safelight.server.paging import Page
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission

_SHOWN: Final = 50


class FilterForm(forms.Form):
    """What is to be seen of the queue. What is empty narrows nothing."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("waiting")),
            ("decided", _("decided")),
            ("finished", _("finished")),
            ("all", _("all")),
        ],
    )
    whose = forms.ChoiceField(
        label=_("Whose"),
        required=False,
        choices=[("", _("everybody's")), ("mine", _("mine")), ("nobody", _("not taken"))],
    )
    priority = forms.ChoiceField(
        label=_("Priority"),
        required=False,
        choices=[("", _("any")), ("80", _("80 and above")), ("50", _("50 and above"))],
    )
    surface = forms.ChoiceField(label=_("Surface"), required=False)
    account = forms.CharField(label=_("Account on the platform"), required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's own
        super().__init__(*args, **kwargs)
        names = Surface.objects.order_by("name").values_list("name", flat=True)
        choices = [("", _("any")), *((name, name) for name in names)]
        self.fields["surface"].choices = choices  # type: ignore[attr-defined]  # of a ChoiceField


@dataclass(frozen=True, slots=True)
class QueuedCase:
    """A case as a row: how urgent, how much of what, whose; nothing of its content."""

    id: UUID
    state: str
    priority: int
    imminent_danger: bool
    opened_at: datetime
    assigned_to: str
    is_mine: bool
    may_open: bool
    account: str | None
    surfaces: tuple[str, ...]
    outcomes: tuple[tuple[str, int], ...]
    files: int


def queued(actor: PersonActor, form: FilterForm, after: str | None) -> Page[QueuedCase]:
    """A page of cases. Raises :class:`~safelight.errors.UsageError` for a place that no page gave."""
    shown = Case.objects.filter(readable(actor)).order_by(*ORDER)
    said = form.cleaned_data if form.is_bound and form.is_valid() else {}
    shown = _narrowed(shown, said, actor)
    if after:
        shown = shown.filter(behind(after))
    found = list(shown.select_related("assigned_to", "account")[: _SHOWN + 1])
    last = found[_SHOWN - 1] if len(found) > _SHOWN else None
    return Page(_rows(actor, found[:_SHOWN]), place_of(last) if last else None)


def _narrowed(shown: QuerySet[Case], said: dict[str, Any], actor: PersonActor) -> QuerySet[Case]:
    match said.get("state", ""):
        case "":
            shown = shown.filter(state=Case.State.OPEN)
        case "all":
            pass
        case state:
            shown = shown.filter(state=state)
    match said.get("whose", ""):
        case "mine":
            shown = shown.filter(assigned_to=actor.person)
        case "nobody":
            shown = shown.filter(assigned_to=None)
    if said.get("priority"):
        shown = shown.filter(priority__gte=int(said["priority"]))
    if said.get("surface"):
        here = CaseOccurrence.objects.filter(occurrence__surface__name=said["surface"])
        shown = shown.filter(pk__in=here.values("case"))
    if told := said.get("account", "").strip():
        accounts = Account.objects.filter(tag__in=record_keys().account_tags(told))
        shown = shown.filter(Q(account__in=accounts) | Q(accounts__account__in=accounts)).distinct()
    return shown


def _rows(actor: PersonActor, cases: list[Case]) -> tuple[QueuedCase, ...]:
    reads_all = Permission.CASE_READ_ALL in permissions_of(actor.person)
    outcomes: dict[UUID, dict[str, int]] = {case.pk: {} for case in cases}
    surfaces: dict[UUID, set[str]] = {case.pk: set() for case in cases}
    members = CaseOccurrence.objects.filter(case__in=cases)
    told = members.values_list("case", "occurrence__item__outcome", "occurrence__surface__name")
    for id_, outcome, surface in told:
        counted = outcomes[id_]
        name = outcome or "report"
        counted[name] = counted.get(name, 0) + 1
        if surface:
            surfaces[id_].add(surface)
    keys = record_keys()
    return tuple(
        QueuedCase(
            id=case.pk,
            state=case.state,
            priority=case.priority,
            imminent_danger=case.imminent_danger,
            opened_at=case.opened_at,
            assigned_to=str(case.assigned_to) if case.assigned_to else "",
            is_mine=case.assigned_to_id == actor.person.pk,
            may_open=reads_all or case.assigned_to_id == actor.person.pk,
            account=if_readable(platform_id, keys, case.account) if case.account else "",
            surfaces=tuple(sorted(surfaces[case.pk])),
            outcomes=tuple(sorted(outcomes[case.pk].items(), key=_urgent_first)),
            files=sum(outcomes[case.pk].values()),
        )
        for case in cases
    )


_URGENCY: Final = ("match", "hold", "report", "unscanned", "clear")


def _urgent_first(counted: tuple[str, int]) -> int:
    return _URGENCY.index(counted[0]) if counted[0] in _URGENCY else len(_URGENCY)
