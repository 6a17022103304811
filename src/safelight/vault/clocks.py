"""What the clocks of evidence allow: pure functions of its record, the terms and the present time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safelight.errors import DestructionRefused
from safelight.vault.retention import Basis, Retention, Standing, Terms


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether evidence may be destroyed now, with every reason in plain words.

    ``due`` is when its time comes by itself, or None while that is not known.
    """

    allowed: bool
    reasons: tuple[str, ...]
    due: datetime | None = None

    def enforce(self) -> None:
        """Raise :class:`~safelight.errors.DestructionRefused` unless it may be destroyed."""
        if not self.allowed:
            raise DestructionRefused("The evidence must be kept. " + " ".join(self.reasons))


def required_until(retention: Retention, terms: Terms) -> datetime | None:
    """Until when law or the complaint window ask for it; None while the matter is open."""
    match retention.standing:
        case Standing.REPORTED | Standing.CONTEXT:
            return retention.since + terms.preservation
        case Standing.DISMISSED:
            return retention.since + terms.complaint_window
        case Standing.UNDECIDED | Standing.UNFINISHED:
            return None


def preserve_until(retention: Retention, terms: Terms) -> datetime | None:
    """Until when it is kept, extensions included; None while the matter is open."""
    required = required_until(retention, terms)
    if required is None:
        return None
    return max([required, *(extension.until for extension in retention.extensions)])


def may_destroy(retention: Retention, terms: Terms, now: datetime) -> Ruling:
    """Whether evidence may be destroyed at ``now``.

    Open matters, legal holds and open complaints refuse, whoever asks. Otherwise it may go when its time has
    come; before that only with a request that a second person approved, and within the preservation year of a
    report only when that request is law enforcement's (18 U.S.C. 2258A(h), 2258B(c)).
    """
    due = preserve_until(retention, terms)
    against = _obstacles(retention, now)
    if against:
        return Ruling(allowed=False, reasons=against, due=due)
    required = required_until(retention, terms)
    assert due is not None  # an open matter is an obstacle
    assert required is not None
    if now >= due:
        return Ruling(allowed=True, reasons=(f"Its time ended on {due:%Y-%m-%d}.",), due=due)
    against = _early(retention, required, now)
    if against:
        return Ruling(allowed=False, reasons=(f"It is kept until {due:%Y-%m-%d}.", *against), due=due)
    assert retention.destroy_request is not None
    reason = f"Two people asked for its early destruction: {retention.destroy_request.reason}"
    return Ruling(allowed=True, reasons=(reason,), due=due)


def alarms(retention: Retention, terms: Terms, now: datetime) -> tuple[str, ...]:
    """What somebody must be told about this evidence, in plain words."""
    waiting = now - retention.since
    found = []
    if retention.standing is Standing.UNDECIDED and waiting >= terms.undecided_alarm:
        found.append(f"Nobody has decided about it for {waiting.days} days. Assign its case.")
    if retention.standing is Standing.UNFINISHED and waiting >= terms.unfinished_alarm:
        found.append(f"Its report has not been finished for {waiting.days} days. Look at the report's steps.")
    if now < retention.since:
        found.append("The present time lies before its record. Check the machine's clock.")
    request = retention.destroy_request
    if request is not None and not may_destroy(retention, terms, now).allowed:
        found.append(f"Somebody asked on {request.at:%Y-%m-%d} for its destruction, which waits.")
    return tuple(found)


def _obstacles(retention: Retention, now: datetime) -> tuple[str, ...]:
    found = []
    if now.tzinfo is None or now < retention.since:
        found.append("The present time lies before its record, so no clock can be trusted. Check the clock.")
    if retention.standing is Standing.UNDECIDED:
        found.append("Nobody has decided about it yet. Decide its case first.")
    if retention.standing is Standing.UNFINISHED:
        found.append(
            "It is to be reported, and no report about it is finished. Finish or withdraw the report."
        )
    if retention.disputed:
        found.append("A complaint about it is open. Answer the complaint first.")
    found.extend(
        f"A legal hold stands since {hold.since:%Y-%m-%d}: {hold.reason} It must be released first."
        for hold in retention.holds
    )
    return tuple(found)


def _early(retention: Retention, required: datetime, now: datetime) -> tuple[str, ...]:
    request = retention.destroy_request
    if request is None:
        return ("Nobody asked for its early destruction.",)
    if not request.is_approved:
        return ("Early destruction was asked for by one person; a different one must approve it.",)
    is_reported = retention.standing in {Standing.REPORTED, Standing.CONTEXT}
    if is_reported and now < required and request.basis is not Basis.LAW_ENFORCEMENT:
        until = f"{required:%Y-%m-%d}"
        return (f"The law asks for it until {until}, and only law enforcement's request can end that.",)
    return ()
