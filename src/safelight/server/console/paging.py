"""Pages by key: the next one begins where this one ended, however much was added meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

T = TypeVar("T")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows; ``after`` is what to ask for the next ones with, empty on the last page."""

    rows: tuple[T, ...]
    after: str = ""


def page_of(rows: QuerySet[M], after: str | None, limit: int) -> Page[M]:
    """At most ``limit`` rows, newest first, older than the row whose id is ``after``.

    Ids are UUIDv7, so their order is that of time. A token that is no id begins at the first page.
    """
    if after and (last := _uuid(after)):
        rows = rows.filter(pk__lt=last)
    found: list[Any] = list(rows.order_by("-pk")[: limit + 1])
    more = len(found) > limit
    return Page(tuple(found[:limit]), str(found[limit - 1].pk) if more else "")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
