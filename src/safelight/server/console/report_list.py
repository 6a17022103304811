"""Reports: which wait for somebody, and finding one by a number that the hotline or a letter tells."""

from __future__ import annotations

import contextlib
from typing import Final
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from safelight.server.console.access import page
from safelight.server.hotlines.models import Orphan, Report, ReportCase
from safelight.server.people.actors import PersonActor
from safelight.server.people.roles import Permission

_GROUPS: Final = {
    Report.State.STOPPED: _("Stopped: somebody has to look"),
    Report.State.DRAFT: _("Drafts"),
    Report.State.SENDING: _("Being sent"),
    Report.State.FINISHED: _("Finished"),
    Report.State.DISCARDED: _("Discarded"),
}
_SHOWN: Final = 50


class FindForm(forms.Form):
    """Which reports are to be seen. What is empty narrows nothing."""

    number = forms.CharField(
        label=_("Number of a report or case"),
        help_text=_("the hotline's, or the whole of ours"),
        required=False,
        max_length=100,
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("any")), *_GROUPS.items()])


@page(Permission.CASE_READ_ALL)
def reports(request: HttpRequest, _actor: PersonActor) -> HttpResponse:
    """Reports that need somebody first, then those that are under way, then what is done."""
    form = FindForm(request.GET)
    if not form.is_valid():
        return render(request, "console/reports.html", {"form": form, "narrowed": True})
    number, state = form.cleaned_data["number"], form.cleaned_data["state"]
    rows = Report.objects.order_by("-changed_at")
    if number:
        rows = rows.filter(_numbered(number))
    narrowed = bool(number or state)
    groups = [
        (one, title, Paginator(rows.filter(state=one), _SHOWN).get_page(request.GET.get("page")))
        for one, title in _GROUPS.items()
        if state in ("", one)
    ]
    context = {
        "form": form,
        "groups": [group for group in groups if group[2]],
        "narrowed": narrowed,
        "number": number,
    }
    return render(request, "console/reports.html", context)


def _numbered(sought: str) -> Q:
    """Reports with this number: the hotline's, also of a try that was left behind, theirs, or a case's."""
    found = Q(number=sought) | Q(pk__in=Orphan.objects.filter(number=sought).values("report"))
    with contextlib.suppress(ValueError):
        ours = UUID(sought)
        found |= Q(pk=ours) | Q(case=ours) | Q(pk__in=ReportCase.objects.filter(case=ours).values("report"))
    return found
