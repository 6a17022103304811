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
    CASE_ASSIGNED = "case.assigned"
    CASE_TAKEN = "case.taken"
    CASE_PASSED_ON = "case.passed_on"
    CASE_COMMENTED = "case.commented"
    CASE_MERGED = "case.merged"
    CASE_SPLIT = "case.split"
    IMMINENT_DANGER_SET = "case.imminent_danger_set"
    IMMINENT_DANGER_CLEARED = "case.imminent_danger_cleared"
    COMPLAINT_RECEIVED = "complaint.received"
    COMPLAINT_ANSWERED = "complaint.answered"
    WORDS_READ = "occurrence.words_read"
