"""What a case's page shows of assessments, as one tag, so that the page need not know how they are kept."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context

from safelight.server.assessment.showing import on_case
from safelight.server.assessment.words import answer_in_words
from safelight.server.cases.models import Case
from safelight.server.cases.reading import MemberFacts
from safelight.server.intake.models import Item
from safelight.server.people.sessions import actor_of

register = template.Library()


@register.inclusion_tag("assessment/on_case.html", takes_context=True)
def assessments(context: Context, case: Case, item: Item | None, member: MemberFacts) -> dict[str, Any]:
    """What was answered about one member of a case, and the way to assess and decide it."""
    request = context["request"]
    assert isinstance(request, HttpRequest)
    loop = context.get("forloop")
    unfinished = case.state in (Case.State.OPEN, Case.State.DECIDED)
    return {
        "request": request,
        "case": case,
        "item": item,
        "member": member,
        "told": on_case(actor_of(request), case, item) if item is not None else None,
        "may_decide": unfinished and case.assigned_to == request.user,
        "first": loop is None or loop["first"],
    }


@register.filter
def answer(value: object, axis: str) -> str:
    """A stored answer in words: ``{{ opinion.kind|answer:"kind" }}``."""
    return answer_in_words(axis, str(value))
