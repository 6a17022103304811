"""What sending a report tells the ledger."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """What happened between a report and its hotline."""

    REPORT_SENDING = "report.sending"
    REPORT_OPENED = "report.opened"
    REPORT_ORPHANED = "report.orphaned"
    REPORT_STOPPED = "report.stopped"
    REPORT_RESTARTED = "report.restarted"
    REPORT_FINISHED = "report.finished"
    EVIDENCE_SENT = "evidence.sent"
    HOTLINE_REFUSED_US = "hotline.refused_us"
    HOTLINE_RESUMED = "hotline.resumed"
    PRODUCTION_SWITCHED = "hotline.production_switched"
