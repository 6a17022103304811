"""How long evidence is kept: what a record says, and the terms it is kept under."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from safelight.errors import UsageError

YEAR: Final = timedelta(days=366)
"""A year that is never short of a calendar year."""


class Standing(StrEnum):
    """How far the matter that a piece of evidence belongs to has come."""

    UNDECIDED = "undecided"
    """Nobody has decided yet."""
    DISMISSED = "dismissed"
    """Decided not to be unlawful, or not to be kept; destroyed after the complaint window."""
    UNFINISHED = "unfinished"
    """To be reported; no report about it has a finish receipt yet."""
    CONTEXT = "context"
    """Not itself reported, but it lay in a case that was: files, texts and records that may give context."""
    REPORTED = "reported"
    """A report about it was finished and receipted."""


class Basis(StrEnum):
    """Why evidence is to be destroyed before its time."""

    OPERATOR = "operator"
    """The operator's own reason, a data-protection erasure for one."""
    LAW_ENFORCEMENT = "law_enforcement"
    """A law-enforcement agency asked for it: 18 U.S.C. 2258B(c) has the provider destroy it permanently."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Durations, which the operator and their counsel set.

    ``preservation`` counts from the finish receipt. 18 U.S.C. 2258A(h)(1): a completed CyberTipline
    submission is a request to preserve the contents for one year (90 days before the REPORT Act of 2024; many
    programs still count by that), and (h)(2) the files that may give context about the reported material or
    person. SI 2026/268, regulation 8 (United Kingdom): content, and user data of the two weeks before, for
    one year from sending. ``complaint_window`` counts from the decision. Regulation (EU) 2022/2065, Article
    20(1): at least six months in which a decision can be objected to. The alarms are no law but promises not
    to forget.
    """

    preservation: timedelta = YEAR
    complaint_window: timedelta = timedelta(days=184)
    undecided_alarm: timedelta = timedelta(days=7)
    unfinished_alarm: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        if min(self.preservation, self.complaint_window, self.undecided_alarm, self.unfinished_alarm) <= (
            timedelta()
        ):
            raise UsageError("Every retention term must be longer than zero.")


@dataclass(frozen=True, slots=True)
class Extension:
    """A voluntary, longer preservation, which 18 U.S.C. 2258A(h)(5) permits to reduce proliferation."""

    until: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class LegalHold:
    """Nothing is destroyed while it stands: a court, an authority or counsel asked for that."""

    since: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class DestroyRequest:
    """A wish to destroy before the time has come. It takes effect when somebody else approves it."""

    at: datetime
    basis: Basis
    reason: str
    by: str
    approved_by: str | None = None

    @property
    def is_approved(self) -> bool:
        """Whether two different people want it."""
        return self.approved_by is not None and self.approved_by != self.by


@dataclass(frozen=True, slots=True)
class Retention:
    """The clocks of one sealed object. Every method returns a new record; times are aware.

    ``since`` is when the present standing began: the sealing, the decision, or the finish receipt. People are
    ids, one a person, so that two of them are two people.
    """

    since: datetime
    standing: Standing = Standing.UNDECIDED
    disputed: bool = False
    holds: tuple[LegalHold, ...] = ()
    extensions: tuple[Extension, ...] = ()
    destroy_request: DestroyRequest | None = None

    def __post_init__(self) -> None:
        _aware(self.since)

    def stands(self, standing: Standing, at: datetime) -> Retention:
        """The same evidence after a decision or a receipt. What was reported stays so, since its first one.

        What is context of a report stays it at least. Raises :class:`~safelight.errors.UsageError` for the
        attempt to undo a finished report.
        """
        _aware(at)
        if self.standing is Standing.CONTEXT and standing is Standing.DISMISSED:
            return self
        if self.standing is Standing.REPORTED:
            if standing is Standing.REPORTED:
                return self
            raise UsageError("Reported evidence stays reported; a later decision opens a linked case.")
        return replace(self, standing=standing, since=at)

    def dispute(self, *, is_open: bool) -> Retention:
        """The same evidence while a complaint about it is open, or after it was answered."""
        return replace(self, disputed=is_open)

    def held(self, hold: LegalHold) -> Retention:
        """The same evidence under one more legal hold."""
        _stated(hold.reason, hold.by)
        _aware(hold.since)
        return replace(self, holds=(*self.holds, hold))

    def released(self, hold: LegalHold) -> Retention:
        """The same evidence without one of its holds."""
        return replace(self, holds=tuple(one for one in self.holds if one != hold))

    def extended(self, extension: Extension) -> Retention:
        """The same evidence, kept longer. Extensions never shorten."""
        _stated(extension.reason, extension.by)
        _aware(extension.until)
        return replace(self, extensions=(*self.extensions, extension))

    def destroy_requested(self, request: DestroyRequest) -> Retention:
        """The same evidence with the wish of one person to destroy it before its time."""
        _stated(request.reason, request.by)
        _aware(request.at)
        return replace(self, destroy_request=replace(request, approved_by=None))

    def destroy_approved(self, by: str) -> Retention:
        """The same evidence with the wish approved by a second person.

        Raises :class:`~safelight.errors.UsageError` when there is no wish, or it is the same person's.
        """
        if self.destroy_request is None:
            raise UsageError("Nobody asked for this evidence to be destroyed; ask first, with a reason.")
        if not by or by == self.destroy_request.by:
            raise UsageError("Early destruction needs two different people; another person must approve it.")
        return replace(self, destroy_request=replace(self.destroy_request, approved_by=by))


def _aware(at: datetime) -> None:
    if at.tzinfo is None:
        raise UsageError("A retention time needs its time zone.")


def _stated(reason: str, by: str) -> None:
    if not reason.strip() or not by.strip():
        raise UsageError("Say why, and who asks for it.")
