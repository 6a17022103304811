"""Searching the ledger by time, event and subject; its newest signed head."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safelight.server.console.access import page
from safelight.server.ledger.models import LedgerHead, LedgerPending, LedgerRow
from safelight.server.ledger.pseudonyms import pseudonyms
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission

_SHOWN: Final = 50


class SearchForm(forms.Form):
    """What is looked for."""

    event = forms.CharField(label=gettext_lazy("Event"), required=False, max_length=60)
    subject = forms.CharField(
        label=gettext_lazy("Id of a person, key or record"), required=False, max_length=64
    )
    since = forms.DateTimeField(
        label=gettext_lazy("From (UTC)"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}),
    )
    until = forms.DateTimeField(
        label=gettext_lazy("Until (UTC)"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}),
    )

    def clean_subject(self) -> tuple[str, ...]:
        """Every name that the ledger may have for this id."""
        text: str = self.cleaned_data["subject"].strip()
        if not text:
            return ()
        if len(text) == 32 and "-" not in text:
            return (text, *_names(text))
        if names := _names(text):
            return names
        raise ValidationError(_("This is no id. Copy one from a page of the console."))


def _names(text: str) -> tuple[str, ...]:
    id_ = _id(text)
    return pseudonyms(id_) if id_ else ()


@dataclass(frozen=True, slots=True)
class Shown:
    """One row with its details, where they were kept and not erased."""

    row: LedgerRow
    place: int | None
    details: tuple[tuple[str, Any], ...]
    erased: bool


@page(Permission.LEDGER_READ)
def ledger(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """The newest rows first."""
    require(actor, Permission.LEDGER_READ)
    form = SearchForm(request.GET or None)
    found = LedgerRow.objects.select_related("leaf", "payload")
    if form.is_bound and form.is_valid():
        found = _matching(found, form.cleaned_data)
    if after := _id(request.GET.get("after", "")):
        found = found.filter(pk__lt=after)
    rows = list(found.order_by("-pk")[: _SHOWN + 1])
    context = {
        "form": form,
        "rows": [_shown(row) for row in rows[:_SHOWN]],
        # Ids are UUIDv7, so their order is that of time.
        "after": rows[_SHOWN - 1].pk if len(rows) > _SHOWN else None,
        "head": LedgerHead.objects.order_by("-size").first(),
        "waiting": LedgerPending.objects.count(),
        "query": _query(request),
    }
    return render(request, "console/ledger.html", context)


def _matching(rows: QuerySet[LedgerRow], said: dict[str, Any]) -> QuerySet[LedgerRow]:
    if said["event"]:
        rows = rows.filter(event__startswith=said["event"].strip())
    if names := said["subject"]:
        acted = [f"{kind}:{name}" for name in names for kind in ("person", "key")]
        rows = rows.filter(Q(subject__in=names) | Q(actor__in=acted))
    since: datetime | None = said["since"]
    until: datetime | None = said["until"]
    if since:
        rows = rows.filter(at__gte=since)
    if until:
        rows = rows.filter(at__lt=until)
    return rows


def _shown(row: LedgerRow) -> Shown:
    payload = getattr(row, "payload", None)
    leaf = getattr(row, "leaf", None)
    details: dict[str, Any] = {}
    if payload is not None and payload.body is not None:
        details = json.loads(bytes(payload.body))
    erased = payload is not None and payload.body is None
    return Shown(row, leaf.index if leaf else None, tuple(sorted(details.items())), erased)


def _id(told: str) -> UUID | None:
    try:
        return UUID(told)
    except ValueError:
        return None


def _query(request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("after", None)
    return kept.urlencode()
