"""Writes to the ledger what a person's own act did to their factors, in the transaction of that act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeAlias

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver

from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import SystemActor
from safelight.server.people.models import Person
from safelight.server.people.sessions import actor_of

View: TypeAlias = Callable[..., HttpResponseBase]


def accounted(patterns: Sequence[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The same routes, with every view keeping account of factors."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            accounted(pattern.url_patterns)
        else:
            pattern.callback = _accounted(pattern.callback)
    return list(patterns)


def _accounted(view: View) -> View:
    @wraps(view)
    def accounted_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401
        if request.method != "POST" or not isinstance(request.user, Person):
            return view(request, *args, **kwargs)
        with transaction.atomic():
            before = _factors(request.user)
            response = view(request, *args, **kwargs)
            after = _factors(request.user)
            for event, which in (
                (Event.FACTOR_ADDED, after - before),
                (Event.FACTOR_REMOVED, before - after),
            ):
                for _id, kind in sorted(which):
                    record(event, actor_of(request), subject=request.user.pk, payload={"factor": kind})
        return response

    return accounted_view


def _factors(person: Person) -> set[tuple[int, str]]:
    return set(Authenticator.objects.filter(user=person).values_list("pk", "type"))


@receiver(authentication_failed)
def _wrong_code(user: Person, authenticator: Authenticator, **_: object) -> None:
    with transaction.atomic():
        record(
            Event.SIGN_IN_FAILED, SystemActor("web"), subject=user.pk, payload={"method": authenticator.type}
        )
