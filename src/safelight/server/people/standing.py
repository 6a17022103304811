"""What every page has to say about this workspace: whether one person runs it, and whether it is a demo."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from safelight.errors import UsageError
from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import SystemActor
from safelight.server.people.mark_guard import install_guard
from safelight.server.people.models import Person, WorkspaceMark


def single_operator() -> bool:
    """Whether the operator declared that one person runs everything (``single_operator`` in the settings)."""
    return bool(settings.CONFIG.single_operator)


def is_demo() -> bool:
    """Whether this workspace was marked as a demo when it was made. The setting alone waives nothing."""
    return WorkspaceMark.objects.filter(demo=True).exists()


def mark_workspace(*, demo: bool) -> None:
    """Mark a new workspace as a demo or not, for good; at each later start, check that the setting agrees.

    Raises :class:`~safelight.errors.UsageError` when it does not: a demo never becomes anything else, and no
    other workspace becomes a demo, where nobody needs a second factor.
    """
    not_a_demo = UsageError(
        "This workspace was not made as a demo and cannot become one. Make a new workspace for the demo, or "
        "set demo = false."
    )
    if demo and Person.objects.exists() and not WorkspaceMark.objects.exists():
        raise not_a_demo
    with transaction.atomic():
        mark, new = WorkspaceMark.objects.get_or_create(id=1, defaults={"demo": demo})
        install_guard()
        if new:
            record(Event.WORKSPACE_MARKED, SystemActor("terminal"), payload={"demo": demo})
    if mark.demo and not demo:
        raise UsageError(
            "This workspace was made as a demo and stays one. Make a new workspace for real work, or set "
            "demo = true to go on with this one."
        )
    if demo and not mark.demo:
        raise not_a_demo


def standing(_request: HttpRequest) -> dict[str, bool]:
    """The context processor that gives every template ``single_operator`` and ``demo``."""
    return {"single_operator": single_operator(), "demo": is_demo()}
