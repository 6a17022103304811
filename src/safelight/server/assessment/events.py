"""What the ledger is told of assessments: that one was given, never what it says."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """Members are added, never renamed."""

    ASSESSMENT_GIVEN = "assessment.given"
    ASSESSMENT_SUPERSEDED = "assessment.superseded"
    OPINION_WANTED = "opinion.wanted"
    OPINION_TAKEN = "opinion.taken"
    OPINION_GIVEN_BACK = "opinion.given_back"
    OPINION_GIVEN = "opinion.given"
    DECISION_SPREAD = "decision.spread"
    LISTING_SUGGESTED = "listing.suggested"
    LISTING_PROPOSED = "listing.proposed"
    LISTING_DECLINED = "listing.declined"
    CORRECTION_MADE = "correction.made"
    GOLDEN_LOADED = "golden.loaded"
    GOLDEN_RETIRED = "golden.retired"
    GOLDEN_RATE_SET = "golden.rate_set"
