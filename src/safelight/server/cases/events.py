"""What the ledger is told of cases and decisions."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """Members are added, never renamed."""

    CASE_OPENED = "case.opened"
    CASE_EXTENDED = "case.extended"
    CASE_FINISHED = "case.finished"
    ACCOUNT_ROLE_SET = "case.account_role_set"
    DECISION_MADE = "decision.made"
    DECISION_SUPERSEDED = "decision.superseded"
