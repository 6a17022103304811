"""Hash lists: what there is, and a source's entries in and out. Values go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from safelight.lists.store import MAX_DISTANCE
from safelight.server.api.callers import KEY_OR_PERSON, PERSON, caller_of, person_of
from safelight.server.api.schemas import ERRORS, MOST_VALUE
from safelight.server.lists import services
from safelight.server.lists.summaries import ListSummary
from safelight.server.people.models import Proposal
from safelight.types import ListClass, ListEntry, Signal

router: Final = Router(tags=["lists"], auth=KEY_OR_PERSON)
MOST_ENTRIES: Final = 1_000
_Key = Annotated[str, Field(min_length=1, max_length=200)]


class PrecisionOut(Schema):
    """How many of a list's decided hits were confirmed. ``known`` once enough were decided to say."""

    confirmed: int
    dismissed: int
    known: bool


class ListOut(Schema):
    """A list and its standing. ``distance`` is the largest at which a PDQ matches, in bits of 256.

    A video matches where ``query_percent`` of its own frames, or ``listed_percent`` of the listed video's,
    are the same.
    """

    id: UUID
    name: str
    list_class: ListClass
    distance: int
    query_percent: int
    listed_percent: int
    shadow: bool
    enabled: bool
    own: bool
    entries: dict[str, int]
    last_change: datetime
    stale: bool
    held_reason: str
    precision: PrecisionOut
    proposed: int
    quarantined: int


class ChangeIn(Schema):
    """How a list is searched from now on; what is not named stays as it is."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=1_000, description="for the ledger")
    distance: int | None = Field(None, ge=0, le=MAX_DISTANCE, description="of pictures, in bits of 256")
    query_percent: int | None = Field(
        None, ge=1, le=100, description="how much of its own frames a video shares to match"
    )
    listed_percent: int | None = Field(None, ge=1, le=100, description="or of the listed video's")
    shadow: bool | None = Field(None, description="on trial: its hits are reviewed and cause nothing")
    enabled: bool | None = Field(None, description="searched at all")
    expected_hours: int | None = Field(
        None, ge=0, le=24 * 366, description="how often it is brought in; 0 expects nothing"
    )


class EntryIn(Schema):
    """One hash. ``key`` is the source's own, by which it is changed and withdrawn later.

    A vPDQ is its text form, a JSON array of `"hash,quality,timestamp"`; a sound is Chromaprint's items, eight
    hexadecimal digits each. Others are hexadecimal; `autov3` and `tsid` are of model files.
    """

    model_config = ConfigDict(extra="forbid")

    key: _Key
    type: Literal[
        "md5", "sha1", "sha256", "pdq", "vpdq", "chromaprint", "chromaprint_short", "autov3", "tsid"
    ]
    value: str = Field(min_length=1, max_length=MOST_VALUE, description="in lower case")
    classification: str | None = Field(None, max_length=100)


class EntriesIn(Schema):
    """Entries to add. Where two people are needed, a person's request names reason and review date."""

    model_config = ConfigDict(extra="forbid")

    entries: list[EntryIn] = Field(min_length=1, max_length=MOST_ENTRIES)
    reason: str = Field("", max_length=1_000)
    review_at: datetime | None = None


class TakenOut(Schema):
    """What became of the entries: listed, known before, set apart as unfit, or waiting for two people."""

    added: int
    updated: int
    known: int
    quarantined: int
    waiting: int


class ProposedOut(Schema):
    """The entries wait for another person's approval."""

    proposal: UUID


class WithdrawalIn(Schema):
    """Entries to withdraw, by the source's keys."""

    model_config = ConfigDict(extra="forbid")

    keys: list[_Key] = Field(min_length=1, max_length=MOST_ENTRIES)
    reason: str = Field(min_length=1, max_length=1_000)


class WithdrawnOut(Schema):
    """How many hashes are searched no more."""

    withdrawn: int


@router.get("/lists", response={200: list[ListOut], **ERRORS})
def all_lists(request: HttpRequest) -> tuple[ListSummary, ...]:
    """Every list, by name. Needs the scope `lists`, or a role that may read lists."""
    return services.all_lists(caller_of(request))


@router.get("/lists/{name}", response={200: ListOut, **ERRORS})
def one_list(request: HttpRequest, name: str) -> ListSummary:
    """One list."""
    return services.one_list(caller_of(request), name)


@router.patch("/lists/{name}", response={200: ListOut, **ERRORS}, auth=PERSON)
def change_list(request: HttpRequest, name: str, told: ChangeIn) -> ListSummary:
    """Change how a list is searched; the next search uses it. For people who may change lists, not keys."""
    return services.change_list(person_of(request), name, **told.dict(exclude_none=True))


@router.post("/lists/{name}/entries", response={200: TakenOut, 202: ProposedOut, **ERRORS})
def add_entries(request: HttpRequest, name: str, told: EntriesIn) -> Status[TakenOut] | Status[ProposedOut]:
    """Add entries, or have them wait for two people: in `known_good` and own lists, and what a person adds.

    To send an entry again changes nothing. Every search finds a listed one within a second.
    """
    entries = [
        ListEntry(name, one.key, Signal(one.type, one.value), one.classification) for one in told.entries
    ]
    done = services.add_entries(
        caller_of(request), name, entries, reason=told.reason, review_at=told.review_at
    )
    if isinstance(done, Proposal):
        return Status(202, ProposedOut(proposal=done.pk))
    counted = TakenOut(
        added=done.added.added,
        updated=done.added.updated,
        known=done.added.known,
        quarantined=done.quarantined,
        waiting=done.waiting,
    )
    return Status(200, counted)


@router.post("/lists/{name}/withdrawals", response={200: WithdrawnOut, **ERRORS})
def withdraw_entries(request: HttpRequest, name: str, told: WithdrawalIn) -> WithdrawnOut:
    """Withdraw entries. No search finds them from then on; to withdraw again changes nothing."""
    gone = services.withdraw_entries(caller_of(request), name, told.keys, reason=told.reason)
    return WithdrawnOut(withdrawn=gone)
