"""What drafting a report tells the ledger; sending has its own (:mod:`.events_sending`)."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """Members are added, never renamed."""

    REPORT_DRAFTED = "report.drafted"
    REPORT_EXTENDED = "report.extended"
    REPORT_EDITED = "report.edited"
    REPORT_WORDS_SHOWN = "report.words_shown"
    REPORT_FILE_LEFT_OUT = "report.file_left_out"
    REPORT_FILE_PUT_IN = "report.file_put_in"
    REPORT_DISCARDED = "report.discarded"
    REPORT_FILED_BY_HAND = "report.filed_by_hand"
