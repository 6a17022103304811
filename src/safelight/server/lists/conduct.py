"""Watches what lists and entries hit and how that is judged; what leaves its range falls back to hold.

It falls by itself and rises by a person: a list that fell is judged anew from the day it is restored, so that
it does not swing. Falling to hold never loses a find: what would have matched is held for review.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from safelight.server.cases.models import Decision
from safelight.server.ids import now
from safelight.server.intake.models import Intake
from safelight.server.ledger.services import record
from safelight.server.lists.alarms import Alarm, alarm
from safelight.server.lists.events import Event
from safelight.server.lists.models import Entry, HashList, Hit
from safelight.server.lists.process_store import list_store
from safelight.server.lists.summaries import Share
from safelight.server.people.actors import SystemActor

RATE_WINDOW: Final = timedelta(hours=24)
"""A day: shorter ones swing with the platform's hours, longer ones notice a bad entry too late."""
LEAST_SCANS: Final = 1_000
"""Scans in the window below which no hit rate is judged: a trial upload of ten listed files is no fault."""
LEAST_HITS: Final = 20
"""Hits in the window below which none is either. A shared service measured 4.3 matches in 100,000 files, so
even twenty in a thousand are four hundred times what is usual."""
DISMISSAL_WINDOW: Final = timedelta(days=30)
LEAST_DECIDED: Final = 20
"""Decisions about a list's hits before its dismissals are judged."""
LEAST_DECIDED_OF_ENTRY: Final = 5
"""The same of one entry: with five dismissals of five the 95 % interval begins at 57 %."""

TOO_MANY_HITS: Final = "too_many_hits"
TOO_MANY_DISMISSED: Final = "too_many_dismissed"
HITS_EVERYTHING: Final = "hits_everything"

_JOBS: Final = SystemActor("jobs")


def judge_lists() -> int:
    """Let lists and entries fall to hold that are out of their range; how many fell."""
    scans_since = now() - RATE_WINDOW
    scanned = Intake.objects.filter(received_at__gt=scans_since).exclude(outcome="").count()
    fell = 0
    for row in HashList.objects.filter(enabled=True).order_by("name"):
        if not row.held_reason and (why := _why_hold(row, scanned)):
            _hold_list(row, why)
            fell += 1
        fell += sum(_hold_entry(row, key, why) for key, why in _bad_entries(row, scanned))
    return fell


def _why_hold(row: HashList, scanned: int) -> str | None:
    hit = _hits(row, RATE_WINDOW).values("occurrence").distinct().count()
    if _too_many(hit, scanned, row):
        return TOO_MANY_HITS
    judged = _decided(row)
    if _dismissed(Counter(outcome for _, outcome in judged), row, LEAST_DECIDED):
        return TOO_MANY_DISMISSED
    return None


def _bad_entries(row: HashList, scanned: int) -> Iterable[tuple[str, str]]:
    """Entries out of range, each with why; an entry that is held already is not told again."""
    held = set(Entry.objects.filter(list=row).exclude(held_reason="").values_list("key", flat=True))
    often = _hits(row, RATE_WINDOW).values_list("key").annotate(hits=Count("occurrence", distinct=True))
    bad = {
        key: TOO_MANY_HITS
        for key, hits in often.filter(hits__gte=LEAST_HITS)
        if _too_many(hits, scanned, row)
    }
    of_entries: dict[str, Counter[str]] = {}
    for key, outcome in _decided(row):
        of_entries.setdefault(key, Counter())[outcome] += 1
    for key, outcomes in of_entries.items():
        if _dismissed(outcomes, row, LEAST_DECIDED_OF_ENTRY):
            bad.setdefault(key, TOO_MANY_DISMISSED)
    return [(key, why) for key, why in sorted(bad.items()) if key not in held]


def _hits(row: HashList, window: timedelta) -> QuerySet[Hit]:
    return Hit.objects.filter(list=row, at__gt=_since(row, window), occurrence__found_by_recheck=None)


def _since(row: HashList, window: timedelta) -> datetime:
    return max(row.judged_from, now() - window)


def _decided(row: HashList) -> list[tuple[str, str]]:
    """(entry key, outcome) of what people decided about the list's hits in the window."""
    standing = Decision.objects.filter(
        outcome__in=[Decision.Outcome.CONFIRMED, Decision.Outcome.DISMISSED],
        decided_at__gt=_since(row, DISMISSAL_WINDOW),
        person__isnull=False,
    ).exclude(Exists(Decision.objects.filter(supersedes=OuterRef("pk"))))
    outcomes = dict(
        standing.filter(Exists(Hit.objects.filter(list=row, occurrence=OuterRef("occurrence")))).values_list(
            "occurrence_id", "outcome"
        )
    )
    hits = Hit.objects.filter(list=row, occurrence_id__in=list(outcomes))
    return [(key, outcomes[id_]) for key, id_ in hits.values_list("key", "occurrence_id")]


def _too_many(hits: int, scanned: int, row: HashList) -> bool:
    if hits < LEAST_HITS or scanned < LEAST_SCANS:
        return False
    return Share(min(hits, scanned), scanned).interval[0] > row.most_hits_percent / 100


def _dismissed(outcomes: Counter[str], row: HashList, least: int) -> bool:
    dismissed, decided = outcomes[Decision.Outcome.DISMISSED.value], outcomes.total()
    if decided < least:
        return False
    return Share(dismissed, decided).interval[0] > row.most_dismissed_percent / 100


def hold_list(row: HashList, why: str, detail: str) -> None:
    """Let a list fall to hold, write it to the ledger, and alert people."""
    with transaction.atomic():
        with list_store().changing(row.name) as changing:
            changing.held_reason, changing.held_at = why, now()
        record(Event.LIST_HELD, _JOBS, subject=row.uid, payload={"name": row.name, "why": why})
        alarm(Alarm.LIST_HELD, row, detail)


def _hold_list(row: HashList, why: str) -> None:
    said = {
        TOO_MANY_HITS: "hits a larger share of what is scanned than it should",
        TOO_MANY_DISMISSED: "is dismissed more often than it should be",
    }
    hold_list(row, why, f"The list {said[why]}. Its hits are held for review until somebody restores it.")


def _hold_entry(row: HashList, key: str, why: str) -> bool:
    with transaction.atomic():
        if not list_store().hold_entry(row.name, key, why):
            return False  # withdrawn since
        record(Event.ENTRY_HELD, _JOBS, subject=row.uid, payload={"name": row.name, "entry": key, "why": why})
        alarm(
            Alarm.LIST_ENTRY_HELD, row, f"Hits of entry {key} are held for review ({why.replace('_', ' ')})."
        )
    return True
