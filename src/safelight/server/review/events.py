"""What the ledger is told of looking at media."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """Members are added, never renamed."""

    VIEWING_OPENED = "viewing.opened"
    VIEWING_SHOWN = "viewing.shown"
    VIEWING_ENDED = "viewing.ended"
    LISTENING_OPENED = "listening.opened"
    LISTENING_BEGAN = "listening.began"
    LISTENING_ENDED = "listening.ended"
    INSIDE_LISTED = "inside.listed"
    METADATA_SHOWN = "metadata.shown"
    BREAK_BEGAN = "review.break_began"
    BREAK_POSTPONED = "review.break_postponed"
    BUDGET_SET = "review.budget_set"
    PROTECTION_SET = "review.protection_set"
    CASE_RELEASED = "case.released"
    EXPOSURE_RELEASED = "exposure.released"
    EXPOSURE_SEARCHED = "exposure.searched"
    ESCALATION_REASON = "case.escalation_reason"
    DANGER_HANDED_OVER = "case.danger_handed_over"
