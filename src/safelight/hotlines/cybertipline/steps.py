"""What to ask the hotline next, decided from nothing but what was asked before and how that ended.

The service has no look-up. So an answer that was lost is never guessed away: after a lost ``submit`` the
report that may have been opened is noted as an orphan, and another is opened; after a lost ``upload``, or a
refused repeat of a lost ``fileinfo``, the report is retracted and another is opened; and a lost ``finish`` is
repeated for that same report until the service says what became of it. Nothing else is opened meanwhile,
because two finished reports about one matter are worse than a late one.

Whoever drives this stores each attempt before it is sent, and what came back after; one without an end counts
as lost. A process may therefore be killed between any two instructions, and another goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from safelight.hotlines.cybertipline.outcomes import Call, Outcome

MOST_RETRACTS: Final = 5
"""Attempts to retract one report; then it is left to the hotline's own deadline, as an orphan."""
MOST_DIFFERENCES: Final = 3
"""Reports opened in a row of which a file arrived altered; then somebody has to look at the line."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that was sent, or may have been, or a person's word that it may go on.

    ``opening`` counts the reports opened for the same matter, from 1; ``file`` is the file's place in the
    report, from 0. ``report_id`` and ``file_id`` are what the answer gave. ``at`` is when the request was
    about to be sent.
    """

    opening: int
    call: Call | None
    outcome: Outcome
    at: datetime
    file: int | None = None
    report_id: str = ""
    file_id: str = ""

    @classmethod
    def restarted(cls, opening: int, at: datetime) -> Attempt:
        """Somebody mended what had stopped the report, and says that it may go on.

        After :attr:`Why.FINISH_UNKNOWN` it means that the hotline says it was not finished.
        """
        return cls(opening, None, Outcome.ACKNOWLEDGED, at)

    @classmethod
    def told_finished(cls, opening: int, at: datetime) -> Attempt:
        """Somebody asked the hotline, which says that this report was finished."""
        return cls(opening, None, Outcome.FINISHED, at)


class Why(StrEnum):
    """Why a report stands still until a person acts."""

    CREDENTIALS = "credentials"
    REFUSED = "refused"
    """The request is wrong: mend the report, then restart it; it is retracted and opened anew."""
    FINISH_UNKNOWN = "finish_unknown"
    """Nobody here can know whether the report was finished: ask the hotline, quoting the Request-ID."""
    DIFFERS = "differs"
    """Files arrive altered: look at the line and at the evidence store."""
    UNKNOWN = "unknown"
    """An answer that nobody documented: read it, and ask the hotline what it means."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this. ``setbacks`` is how many attempts did not help since the last that did: pause by it."""

    call: Call
    opening: int
    report_id: str = ""
    file: int | None = None
    file_id: str = ""
    setbacks: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """Finished. ``receipted``: the receipt came; otherwise only the word that it had been finished before."""

    opening: int
    report_id: str
    receipted: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing is sent until a person acts."""

    why: Why
    opening: int
    report_id: str = ""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A report that was opened, or may have been, and is never finished; it dies at the hotline's deadline.

    ``report_id`` is empty where the answer that had it was lost.
    """

    opening: int
    report_id: str = ""


Move = Ask | Done | Stopped


@dataclass(slots=True)
class Course:
    """Where a report of ``files`` files stands after some attempts, which are given in their order."""

    files: int
    opening: int = 1
    report_id: str = ""
    file_ids: dict[int, str] = field(default_factory=dict)
    described: set[int] = field(default_factory=set)
    orphans: list[Orphan] = field(default_factory=list)
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    end: Done | Stopped | None = None
    _describe_lost: set[int] = field(default_factory=set)
    _finish_unsure: bool = False
    _retracting: bool = False
    _retracts: int = 0
    _setbacks: int = 0
    _differences: int = 0
    _first_opening: int = 1

    @classmethod
    def after(cls, attempts: Iterable[Attempt], files: int) -> Course:
        """Fold what happened so far."""
        course = cls(files)
        for attempt in attempts:
            course.take(attempt)
        return course

    def next_move(self) -> Move:
        """What to do now."""
        if self.end is not None:
            return self.end
        if self._retracting:
            return self._ask(Call.RETRACT)
        if not self.report_id:
            return self._ask(Call.SUBMIT)
        for file in range(self.files):
            if file not in self.file_ids:
                return self._ask(Call.UPLOAD, file)
            if file not in self.described:
                return self._ask(Call.DESCRIBE, file)
        return self._ask(Call.FINISH)

    def take(self, attempt: Attempt) -> None:
        """Note one more attempt. One of an earlier opening changes nothing any more."""
        if attempt.opening != self.opening or isinstance(self.end, Done):
            return
        if attempt.call is None:
            if attempt.outcome is Outcome.FINISHED:
                self.end = Done(self.opening, self.report_id, receipted=False)
            else:
                self._restart()
            return
        if attempt.outcome is Outcome.ACKNOWLEDGED:
            self._setbacks = 0
        else:
            self._setbacks += 1
        if attempt.outcome is Outcome.CREDENTIALS:
            self._stop(Why.CREDENTIALS)
        elif attempt.outcome is Outcome.NOT_SENT:
            return
        elif attempt.outcome is not Outcome.FAILED or attempt.call is Call.RETRACT:
            _TAKE[attempt.call](self, attempt)

    def _submitted(self, attempt: Attempt) -> None:
        match attempt.outcome:
            case Outcome.ACKNOWLEDGED:
                self.report_id, self.opened_at = attempt.report_id, attempt.at
            case Outcome.REFUSED:
                self._stop(Why.REFUSED)
            case Outcome.LOST:
                self._leave(orphaned=True)
            case _:
                self.orphans.append(Orphan(self.opening))
                self._stop(Why.UNKNOWN)

    def _uploaded(self, attempt: Attempt) -> None:
        assert attempt.file is not None
        match attempt.outcome:
            case Outcome.ACKNOWLEDGED:
                self.file_ids[attempt.file], self.changed_at = attempt.file_id, attempt.at
            case Outcome.DIFFERS:
                self._differences += 1
                if self._differences >= MOST_DIFFERENCES:
                    self._stop(Why.DIFFERS)
                else:
                    self._retracting = True
            case Outcome.LOST:
                self._retracting = True
            case _:
                self._otherwise(attempt.outcome)

    def _described(self, attempt: Attempt) -> None:
        assert attempt.file is not None
        match attempt.outcome:
            case Outcome.ACKNOWLEDGED:
                self.described.add(attempt.file)
                self.changed_at = attempt.at
            case Outcome.LOST:
                self._describe_lost.add(attempt.file)
            case Outcome.FILE_GONE:
                self._retracting = True
            case Outcome.REFUSED | Outcome.UNKNOWN if attempt.file in self._describe_lost:
                self._retracting = True  # the lost one was heard, or was not: a file is described once
            case _:
                self._otherwise(attempt.outcome)

    def _finished(self, attempt: Attempt) -> None:
        match attempt.outcome:
            case Outcome.ACKNOWLEDGED:
                self.end = Done(self.opening, self.report_id, receipted=True)
            case Outcome.FINISHED:
                self.end = Done(self.opening, self.report_id, receipted=False)
            case Outcome.LOST:
                self._finish_unsure = True
            case Outcome.REPORT_GONE if self._finish_unsure:
                self._stop(Why.FINISH_UNKNOWN)
            case _:
                self._finish_unsure |= attempt.outcome is Outcome.UNKNOWN
                self._otherwise(attempt.outcome)

    def _retracted(self, attempt: Attempt) -> None:
        self._retracts += 1
        match attempt.outcome:
            case Outcome.REPORT_GONE if self._finish_unsure:
                self._stop(Why.FINISH_UNKNOWN)
            case Outcome.ACKNOWLEDGED | Outcome.RETRACTED | Outcome.REPORT_GONE:
                self._leave(orphaned=False)
            case Outcome.FINISHED:
                self._stop(Why.FINISH_UNKNOWN)
            case _ if self._retracts >= MOST_RETRACTS and not self._finish_unsure:
                self._leave(orphaned=True)

    def _otherwise(self, outcome: Outcome) -> None:
        """What any step of an open report may be answered."""
        match outcome:
            case Outcome.REPORT_GONE | Outcome.RETRACTED:
                self._leave(orphaned=False)
            case Outcome.REFUSED | Outcome.FILE_GONE:
                self._stop(Why.REFUSED)
            case _:
                self._stop(Why.UNKNOWN)

    def _leave(self, *, orphaned: bool) -> None:
        if orphaned:
            self.orphans.append(Orphan(self.opening, self.report_id))
        self.opening += 1
        self.report_id, self.opened_at, self.changed_at = "", None, None
        self.file_ids, self.described, self._describe_lost = {}, set(), set()
        self._finish_unsure, self._retracting, self._retracts = False, False, 0

    def _stop(self, why: Why) -> None:
        self.end = Stopped(why, self.opening, self.report_id)

    def _restart(self) -> None:
        """Where only the credentials were wrong it goes on; else the report is retracted and opened anew."""
        stopped, self.end = self.end, None
        self._setbacks, self._first_opening, self._differences = 0, self.opening, 0
        if not isinstance(stopped, Stopped) or stopped.why is Why.CREDENTIALS:
            return
        if not self.report_id:
            self._leave(orphaned=False)
        elif stopped.why is Why.FINISH_UNKNOWN:
            self._leave(orphaned=True)
        else:
            self._retracting = True
        self._first_opening = self.opening

    def _ask(self, call: Call, file: int | None = None) -> Ask:
        setbacks = self._setbacks
        if call is Call.SUBMIT:
            setbacks = max(setbacks, self.opening - self._first_opening)
        return Ask(
            call,
            self.opening,
            self.report_id,
            file,
            self.file_ids.get(file, "") if file is not None else "",
            setbacks,
        )


_TAKE: Final = {
    Call.SUBMIT: Course._submitted,  # noqa: SLF001 - the class's own table
    Call.UPLOAD: Course._uploaded,  # noqa: SLF001
    Call.DESCRIBE: Course._described,  # noqa: SLF001
    Call.FINISH: Course._finished,  # noqa: SLF001
    Call.RETRACT: Course._retracted,  # noqa: SLF001
}
