"""A case for its page: what the room of cases tells of it, put together to be read. It renders no file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from safelight.errors import SafelightError
from safelight.media.naming import mismatch
from safelight.server.cases.handling import earlier_cases
from safelight.server.cases.models import Case
from safelight.server.cases.reading import CaseFacts, MatchFacts, MemberFacts, facts, if_readable
from safelight.server.intake.models import Intake, Item
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.intake.told import ToldOfIntake, told_of_intake
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Person
from safelight.server.vault import services as vault
from safelight.server.vault.models import SealedObject
from safelight.signals.pdq import PDQ
from safelight.signals.vpdq import VPDQ
from safelight.types import ListClass, MediaKind, ModelLevel, Observation, Problem, Provenance

_MOST_EARLIER: Final = 20
_MOST_SIZES: Final = 3
_MOST_PROBLEMS: Final = 20
_MOST_MOMENTS: Final = 20
_LEVELS: Final = tuple(ModelLevel)


@dataclass(frozen=True, slots=True)
class MatchedEntry:
    """One entry of one list that a file matched: by which digests exactly, and how near by likeness.

    ``exact`` are digests of the file itself, ``inside`` those of something that it holds. ``distance`` is the
    least of 256 bits, None where no likeness was found. ``level`` and ``percent`` say how far a model file is
    the listed model; ``shares`` are the percent of the file's frames and of the listed video's that are the
    same, ``moments`` the first stretches at which a video or sound matches, in seconds, ``more_moments`` how
    many there are beside.
    """

    list: str
    list_class: ListClass
    key: str
    classification: str | None
    exact: tuple[str, ...]
    inside: tuple[str, ...]
    distance: int | None
    level: ModelLevel | None
    percent: int | None
    shares: tuple[int, int] | None
    moments: tuple[tuple[str, str], ...]
    more_moments: int
    shadow: bool
    held: bool
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """How the sealed bytes stand: since when kept, and whether somebody objects or holds them."""

    sealed_at: datetime
    held: bool
    disputed: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One member of the case. ``says`` is why something is missing, empty where nothing is.

    ``account`` and ``sender`` are None where they cannot be read. ``problems`` are the first of what was not
    looked at in the file, ``more_problems`` how many there are beside. ``name_claims`` is what its name says
    it is, where its content is something else.
    """

    member: MemberFacts
    item: Item | None
    matched: tuple[MatchedEntry, ...]
    provenance: tuple[Provenance, ...]
    examined: bool
    pixels: str
    problems: tuple[Problem, ...]
    more_problems: int
    name_claims: MediaKind | None
    times_seen: int
    account: str | None
    sender: ToldOfIntake | None
    evidence: Evidence | None
    says: str


@dataclass(frozen=True, slots=True)
class Note:
    """A comment with its author's name; ``text`` is None where it cannot be read."""

    who: str
    at: datetime
    text: str | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another case of an account of this one."""

    id: UUID
    state: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything that the page of a case tells."""

    told: CaseFacts
    shown: tuple[Shown, ...]
    notes: tuple[Note, ...]
    earlier: tuple[Earlier, ...]


def case_page(actor: PersonActor, case: Case) -> CasePage:
    """The page, for who may read this case. Raises ``PermissionDenied``."""
    told, keys = facts(actor, case), record_keys()
    accounts = {account.id: account.platform_id for account in told.accounts}
    items = Item.objects.in_bulk([member.item for member in told.members if member.item is not None])
    intakes = Intake.objects.in_bulk([member.intake for member in told.members])
    names = Person.objects.in_bulk({note.person for note in told.comments})
    return CasePage(
        told,
        tuple(
            _shown(
                keys,
                member,
                items.get(member.item) if member.item else None,
                accounts.get(member.account, "") if member.account else "",
                if_readable(told_of_intake, keys, intakes[member.intake]),
            )
            for member in told.members
        ),
        tuple(Note(str(names[note.person]), note.at, note.text) for note in told.comments),
        tuple(
            Earlier(other.id, other.state, other.opened_at)
            for other in earlier_cases(actor, case)[:_MOST_EARLIER]
        ),
    )


def _shown(
    keys: RecordKeys, member: MemberFacts, item: Item | None, account: str | None, sender: ToldOfIntake | None
) -> Shown:
    seen, says = None, _("Something that was told of this cannot be read.") if member.unreadable else ""
    if item is not None:
        try:
            seen = keys.open_observation(item.pk, item.observation).observation
        except SafelightError as error:
            says = " ".join(filter(None, (says, str(error))))
    return Shown(
        member=member,
        item=item,
        matched=_matched(member.matches),
        provenance=seen.provenance if seen else (),
        examined=seen.provenance_examined if seen else False,
        pixels=_pixels(seen) if seen else "",
        problems=seen.problems[:_MOST_PROBLEMS] if seen else (),
        more_problems=max(0, len(seen.problems) - _MOST_PROBLEMS) if seen else 0,
        name_claims=mismatch(member.file_name, frozenset({MediaKind(item.kind)})) if item else None,
        times_seen=item.occurrences.count() if item else 1,
        account=account,
        sender=sender,
        evidence=_evidence(item) if item else None,
        says=says,
    )


def _matched(matches: Iterable[MatchFacts]) -> tuple[MatchedEntry, ...]:
    """Matches by entry: a file that equals an entry by three digests matched one entry, not three."""
    grouped: dict[tuple[str, str], list[MatchFacts]] = {}
    for match in matches:
        grouped.setdefault((match.list, match.entry_key), []).append(match)
    entries = [_entry(found) for found in grouped.values()]
    return tuple(sorted(entries, key=_strongest_first))


def _strongest_first(entry: MatchedEntry) -> tuple[bool, bool, int, str]:
    return not entry.exact, not entry.inside, entry.distance or 0, entry.list


def _entry(found: list[MatchFacts]) -> MatchedEntry:
    near = [match.distance for match in found if match.signal in (PDQ.name, VPDQ.name)]
    covers = [match.coverage for match in found if match.coverage]
    most = max(covers, key=lambda each: max(each.query, each.listed), default=None)
    spans = sorted({(span.start, span.end) for match in found for span in match.spans})
    exact = dict.fromkeys(match.signal for match in found if match.exact and not match.part)
    inside = dict.fromkeys(match.signal for match in found if match.exact and match.part)
    shares = [match.share for match in found if match.share is not None]
    first = found[0]
    return MatchedEntry(
        list=first.list,
        list_class=first.list_class,
        key=first.entry_key,
        classification=first.classification,
        exact=tuple(exact),
        inside=() if exact else tuple(inside),
        distance=min(near, default=None),
        level=min((match.level for match in found if match.level), key=_LEVELS.index, default=None),
        percent=math.floor(100 * max(shares)) if shares else None,
        shares=(math.floor(100 * most.query), math.floor(100 * most.listed)) if most else None,
        moments=tuple((_clock(start), _clock(end)) for start, end in spans[:_MOST_MOMENTS]),
        more_moments=max(0, len(spans) - _MOST_MOMENTS),
        shadow=first.shadow,
        held=first.held,
        parts=tuple(dict.fromkeys(match.part for match in found if match.part)),
    )


def _clock(seconds: float) -> str:
    """A moment as players show it, to the second."""
    whole = math.floor(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _pixels(seen: Observation) -> str:
    sizes = dict.fromkeys(f"{picture.width} x {picture.height}" for picture in seen.pictures)
    return ", ".join(list(sizes)[:_MOST_SIZES])


def _evidence(item: Item) -> Evidence | None:
    live = vault.live_object(item)
    if live is None:
        return None
    row = SealedObject.objects.get(pk=live.pk)
    return Evidence(row.sealed_at, row.holds.filter(released_at=None).exists(), row.disputed)
