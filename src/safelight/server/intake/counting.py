"""Counts of what leaves no other trace: arrivals that the law did not let us look at."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, F, Sum

from safelight.server.ids import now
from safelight.server.intake.models import NotPermitted, Surface, Unscanned


def count_not_permitted(surface: Surface) -> None:
    """One more arrival of today on this surface; nothing else about it is kept."""
    with transaction.atomic():
        todays = NotPermitted.objects.filter(surface=surface, day=now().date())
        if not todays.update(count=F("count") + 1):
            NotPermitted.objects.bulk_create(
                [NotPermitted(surface=surface, day=now().date())], ignore_conflicts=True
            )
            todays.update(count=F("count") + 1)


def not_permitted_in_all() -> int:
    """All of them, for the metrics."""
    return NotPermitted.objects.aggregate(all=Sum("count"))["all"] or 0


def unscanned_now() -> dict[str, int]:
    """How many items are in each state of waiting to be scanned, for the metrics."""
    counted = dict(Unscanned.objects.values_list("state").annotate(Count("pk")))
    return {state: counted.get(state, 0) for state in Unscanned.State.values}
