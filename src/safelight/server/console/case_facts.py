"""The facts of one case: what matched, where it was seen, what is known of it. No rendering of any file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from safelight.errors import SafelightError
from safelight.server.cases.models import Case, CaseAccount, Comment, Decision
from safelight.server.cases.services import standing_decisions
from safelight.server.intake.context import IpSeen
from safelight.server.intake.models import Item, Occurrence
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.intake.told import (
    ToldOfIntake,
    ToldOfOccurrence,
    ip_seen,
    platform_id,
    told_of_intake,
    told_of_occurrence,
)
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import Permission
from safelight.server.vault import services as vault
from safelight.server.vault.models import SealedObject
from safelight.types import ListClass, Match, Observation, Provenance, ScanResult

_MOST_EARLIER: Final = 20
_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class MatchedEntry:
    """One entry of one list that a file matched: by which digests exactly, and how near by likeness.

    ``distance`` is the least of 256 bits, None where only digests were compared.
    """

    list: str
    list_class: ListClass
    key: str
    classification: str | None
    exact: tuple[str, ...]
    distance: int | None
    turned: str
    shadow: bool
    parts: tuple[str, ...]

    @property
    def alike(self) -> int:
        """How many of 256 bits agree."""
        return _BITS - (self.distance or 0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How the sealed bytes stand: since when kept, and whether somebody objects or holds them."""

    id: UUID
    sealed_at: datetime
    standing: str
    held: bool
    disputed: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing in the case and where it was seen."""

    occurrence: Occurrence
    item: Item | None
    what: str
    observation: Observation | None
    result: ScanResult | None
    matched: tuple[MatchedEntry, ...]
    provenance: tuple[Provenance, ...]
    pixels: str
    times_seen: int
    account: str
    told: ToldOfOccurrence
    sender: ToldOfIntake
    addresses: tuple[IpSeen, ...]
    evidence: Evidence | None
    decision: Decision | None
    says: str
    """Why facts are missing; empty where none are."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account and its role in the case."""

    row: CaseAccount
    platform_id: str


@dataclass(frozen=True, slots=True)
class Note:
    """A comment."""

    who: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another case of an account of this one; ``may_open`` for the reader."""

    case: Case
    may_open: bool


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """Everything that is known of a case."""

    case: Case
    account: str
    facts: tuple[Fact, ...]
    members: tuple[Member, ...]
    notes: tuple[Note, ...]
    earlier: tuple[Earlier, ...]
    lists: tuple[str, ...]


def facts_of(actor: PersonActor, case: Case) -> CaseFacts:
    """The facts, for who may read this case. Raises :class:`PermissionDenied`."""
    require(actor, Permission.CASE_READ_OWN, case=case)
    keys = record_keys()
    members = case.members.order_by("added_at", "pk").select_related(
        "occurrence__item", "occurrence__intake", "occurrence__surface", "occurrence__account"
    )
    decisions = {d.occurrence_id: d for d in standing_decisions().filter(occurrence__membership__case=case)}
    facts = tuple(
        _fact(keys, member.occurrence, decisions.get(member.occurrence_id)) for member in members
    )
    lists = dict.fromkeys(entry.list for fact in facts for entry in fact.matched)
    accounts = case.accounts.select_related("account").order_by("pk")
    return CaseFacts(
        case=case,
        account=platform_id(keys, case.account) if case.account else "",
        facts=facts,
        members=tuple(Member(row, platform_id(keys, row.account)) for row in accounts),
        notes=tuple(_note(keys, note) for note in case.comments.select_related("person").order_by("pk")),
        earlier=tuple(
            Earlier(other, _may_open(actor, other)) for other in _others(case)
        ),
        lists=tuple(lists),
    )


def _fact(keys: RecordKeys, occurrence: Occurrence, decision: Decision | None) -> Fact:
    item, result, says = occurrence.item, None, ""
    if item is not None:
        try:
            result = keys.open_observation(item.pk, item.observation)
        except SafelightError as error:
            says = str(error)
    seen = result.observation if result else None
    return Fact(
        occurrence=occurrence,
        item=item,
        what="file" if item else "text" if occurrence.text is not None else "url",
        observation=seen,
        result=result,
        matched=_matched(seen.matches) if seen else (),
        provenance=seen.provenance if seen else (),
        pixels=_pixels(seen) if seen else "",
        times_seen=item.occurrences.count() if item else 1,
        account=platform_id(keys, occurrence.account) if occurrence.account else "",
        told=told_of_occurrence(keys, occurrence),
        sender=told_of_intake(keys, occurrence.intake),
        addresses=tuple(ip_seen(keys, event) for event in occurrence.ip_events.order_by("pk")),
        evidence=_evidence(item) if item else None,
        decision=decision,
        says=says,
    )


def _matched(matches: Iterable[Match]) -> tuple[MatchedEntry, ...]:
    """Matches by entry: a file that equals an entry by three digests matched one entry, not three."""
    grouped: dict[tuple[str, str], list[Match]] = {}
    for match in matches:
        grouped.setdefault((match.list, match.entry_key), []).append(match)
    entries = [_entry(found) for found in grouped.values()]
    return tuple(sorted(entries, key=lambda entry: (not entry.exact, entry.distance or 0, entry.list)))


def _entry(found: list[Match]) -> MatchedEntry:
    exact = tuple(dict.fromkeys(match.signal.type for match in found if match.signal.type != "pdq"))
    near = min((m for m in found if m.signal.type == "pdq"), key=lambda m: m.distance, default=None)
    first = found[0]
    return MatchedEntry(
        list=first.list,
        list_class=first.list_class,
        key=first.entry_key,
        classification=first.classification,
        exact=exact,
        distance=near.distance if near else None,
        turned=near.transform.value if near else "original",
        shadow=first.shadow,
        parts=tuple(dict.fromkeys(str(match.signal.part) for match in found if str(match.signal.part))),
    )


def _pixels(seen: Observation) -> str:
    sizes = dict.fromkeys(f"{picture.width} × {picture.height}" for picture in seen.pictures)
    return ", ".join(list(sizes)[:3])


def _evidence(item: Item) -> Evidence | None:
    live = vault.live_object(item)
    if live is None:
        return None
    row = SealedObject.objects.get(pk=live.pk)
    held = row.holds.filter(released_at=None).exists()
    return Evidence(row.pk, row.sealed_at, row.standing, held, row.disputed)


def _note(keys: RecordKeys, note: Comment) -> Note:
    return Note(str(note.person), note.at, keys.open_content("comment", note.pk, note.text))


def _others(case: Case) -> list[Case]:
    """Cases in which an account of this one had a part, newest first."""
    accounts = case.accounts.values("account")
    others = Case.objects.filter(accounts__account__in=accounts).exclude(pk=case.pk)
    return list(others.distinct().order_by("-opened_at")[:_MOST_EARLIER])


def _may_open(actor: PersonActor, case: Case) -> bool:
    try:
        require(actor, Permission.CASE_READ_OWN, case=case)
    except PermissionDenied:
        return False
    return True
