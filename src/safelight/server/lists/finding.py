"""Brings what was found in the past into cases: once an occurrence, under the caps, evidence awaited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from safelight.matching.models import level_of
from safelight.scan.policy import DEFAULT_POLICY
from safelight.server.ids import now
from safelight.server.intake.matters import make_matter
from safelight.server.intake.models import Item, Occurrence
from safelight.server.intake.record_keys import record_keys
from safelight.server.lists.alarms import Alarm, alarm
from safelight.server.lists.hits import keep_hits
from safelight.server.lists.models import Entry, FoundByRecheck, HashList, RecheckHit
from safelight.server.lists.past import not_in_a_case, occurrences_of
from safelight.server.lists.recheck import room
from safelight.server.lists.store import known_as
from safelight.server.people.actors import SystemActor
from safelight.server.vault import services as vault
from safelight.types import Coverage, Match, Outcome, Part, ScanResult, Signal, Span, Transform

_JOBS: Final = SystemActor("jobs")
_HITS_AT_ONCE: Final = 100


def open_found(check: Callable[[], None]) -> int:
    """Bring finds into cases as the caps allow; how many occurrences.

    ``check`` ends a job that lost its hold. What lies beyond a cap waits, and a person is told.
    """
    opened = 0
    for row in HashList.objects.filter(recheck_hits__state=RecheckHit.State.WAITING).distinct():
        waiting = row.recheck_hits.filter(state=RecheckHit.State.WAITING)
        for key in waiting.order_by("key").values_list("key", flat=True).distinct():
            if room(row, None) == 0:
                break
            for hit in _in_turn(waiting.filter(key=key)):
                check()
                if (left := room(row, key)) == 0:
                    break
                opened += _open(row, hit, left)
        if over := waiting.count():
            alarm(Alarm.RECHECK_WAITING, row, f"{over:,} finds of the past wait for a person's release.")
    return opened


def open_released(row: HashList, check: Callable[[], None]) -> int:
    """Bring what a person released into cases, without a cap; how many occurrences."""
    opened = 0
    for hit in _in_turn(row.recheck_hits.filter(state=RecheckHit.State.RELEASED)):
        check()
        opened += _open(row, hit, None)
    return opened


def _in_turn(finds: QuerySet[RecheckHit]) -> list[RecheckHit]:
    return list(finds.order_by("distance", "found_at", "pk")[:_HITS_AT_ONCE])


def _open(row: HashList, hit: RecheckHit, most: int | None) -> int:
    """Bring a find's occurrences into cases, newest first; those that a case has already stay there.

    What an entry found that was withdrawn since is discarded.
    """
    if not Entry.objects.filter(number=hit.entry).exists():
        RecheckHit.objects.filter(pk=hit.pk, state=hit.state).update(state=RecheckHit.State.DISCARDED)
        return 0
    new = not_in_a_case(occurrences_of([hit.item_id])).order_by("-recorded_at")
    with transaction.atomic():
        # Noted even where every occurrence is in a case already: who works on that sees it.
        result = _with_match(row, hit, _locked(hit))
    cleared = result.verdict.outcome not in (Outcome.MATCH, Outcome.HOLD)
    # A dismissal of these very matches covered them, a moment ago or as they arrived.
    new = new.exclude(settled__isnull=False, match_tag=record_keys().match_tag(result.observation.matches))
    ids = list(new.values_list("pk", flat=True)[: None if most is None else most + 1])
    for id_ in [] if cleared else ids[:most]:
        with transaction.atomic():
            _bring_in(row, hit, id_)
    if cleared or most is None or len(ids) <= most:
        state = RecheckHit.State.DISCARDED if cleared else RecheckHit.State.OPENED
        # Only what nobody discarded meanwhile.
        RecheckHit.objects.filter(pk=hit.pk, state=hit.state).update(state=state)
    return 0 if cleared else len(ids[:most])


def _locked(hit: RecheckHit) -> Item:
    return Item.objects.select_for_update(no_key=True).get(pk=hit.item_id)


def _bring_in(row: HashList, hit: RecheckHit, occurrence_id: UUID) -> None:
    """One occurrence, in one transaction: what matched, the case, and that a re-check found it.

    What applies to an arrival applies here: the operator's priorities, policy, and earlier dismissals.
    """
    item = _locked(hit)
    result = _with_match(row, hit, item)
    occurrence = Occurrence.objects.select_related("intake", "account").get(pk=occurrence_id)
    if hasattr(occurrence, "membership"):
        return  # it came into a case meanwhile
    occurrence.match_tag = record_keys().match_tag(result.observation.matches)
    occurrence.save(update_fields=["match_tag"])
    keep_hits(occurrence, result.observation.matches)
    if make_matter(occurrence, result, _JOBS) is not None:
        FoundByRecheck.objects.create(
            occurrence=occurrence, hit=hit, evidence_awaited=vault.live_object(item) is None, at=now()
        )


def _coverage(hit: RecheckHit) -> Coverage | None:
    told = (hit.detail or {}).get("coverage")
    return Coverage(*told) if told else None


def _with_match(row: HashList, hit: RecheckHit, item: Item) -> ScanResult:
    """What was learnt of a file, with this match among it, and what the policy then says."""
    keys = record_keys()
    result = keys.open_observation(item.pk, bytes(item.observation))
    seen = result.observation
    part = Part.parse(hit.part)
    signal = next(
        (one for one in seen.signals if (one.type, one.part) == (hit.signal_type, part)), None
    ) or Signal(hit.signal_type, "", part=part)
    known = known_as(row, hit.classification)
    match = Match(
        replace(signal, variants=()),
        row.name,
        known.list_class,
        hit.key,
        hit.classification,
        hit.distance,
        Transform(hit.transform),
        known.shadow,
        known.held or row.entries.filter(key=hit.key).exclude(held_reason="").exists(),
        level_of(signal),
        coverage=_coverage(hit),
        spans=tuple(Span(*span) for span in (hit.detail or {}).get("spans", ())),
    )
    there = {(one.list, one.entry_key, one.signal.type, one.signal.part) for one in seen.matches}
    if (match.list, match.entry_key, match.signal.type, match.signal.part) not in there:
        seen = replace(seen, matches=(*seen.matches, match))
        result = ScanResult(seen, DEFAULT_POLICY.verdict(seen))
        if result.verdict.outcome is not Outcome.CLEAR:
            item.observation = keys.seal_observation(item.pk, result)
            item.outcome, item.rule, item.reason = result.verdict.outcome.value, result.verdict.rule, ""
            item.save(update_fields=["observation", "outcome", "rule", "reason"])
    return result
