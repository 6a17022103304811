"""Everything that can alarm, each with a plain sentence and what to do next.

The sentences go into mail and onto pages as they stand, so they hold no names, no numbers and no content.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What is wrong. Members are added, never renamed."""

    IMMINENT_DANGER = "imminent_danger"
    LEDGER_PROBLEM = "ledger_problem"
    DISK_LOW = "disk_low"
    INDEX_BEHIND = "index_behind"
    QUEUE_OLD = "queue_old"
    UNSCANNED_WAITING = "unscanned_waiting"
    UNSCANNED_EXPIRING = "unscanned_expiring"
    LISTS_STALE = "lists_stale"
    LIST_HELD = "list_held"
    LIST_ENTRY_HELD = "list_entry_held"
    LIST_ENTRY_QUARANTINED = "list_entry_quarantined"
    LIST_REVIEW_DUE = "list_review_due"
    RECHECK_WAITING = "recheck_waiting"
    EVIDENCE_AWAITED = "evidence_awaited"
    UNSCANNED_EXPIRED = "unscanned_expired"
    MATCHED_AFTER_FINISH = "matched_after_finish"
    COMPLAINT_OVERDUE = "complaint_overdue"
    JOBS_DEAD = "jobs_dead"
    DELIVERIES_DEAD = "deliveries_dead"
    VAULT_UNDECIDED = "vault_undecided"
    KEY_SUSPENDED = "key_suspended"
    REPORT_DEADLINE = "report_deadline"
    REPORT_STOPPED = "report_stopped"
    HOTLINE_CREDENTIALS = "hotline_credentials"
    HOTLINE_MISSING = "hotline_missing"
    NOT_REPORTED = "not_reported"
    FORM_DUE = "form_due"
    UNUSUAL_VIEWING = "unusual_viewing"


class Severity(StrEnum):
    """How soon somebody has to look."""

    PAGE = "page"
    """Now, at any hour."""
    TODAY = "today"
    SOON = "soon"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one kind says. ``repeat`` is how often an open alert that nobody acknowledged is told again."""

    severity: Severity
    sentence: str
    next_step: str
    repeat: timedelta


_HOURS: Final = timedelta(hours=4)
_DAY: Final = timedelta(days=1)

MEANINGS: Final[dict[Kind, Meaning]] = {
    Kind.IMMINENT_DANGER: Meaning(
        Severity.PAGE,
        "Somebody marked a case as imminent danger to a child.",
        "Open the case queue now: it is at the top. Follow your emergency steps, then acknowledge this.",
        timedelta(minutes=10),
    ),
    Kind.LEDGER_PROBLEM: Meaning(
        Severity.PAGE,
        "The ledger has rows without a place, or its sequencer does not run.",
        "Run `safelight ledger verify` and see the job worker's log.",
        timedelta(hours=1),
    ),
    Kind.DISK_LOW: Meaning(
        Severity.TODAY,
        "The disk of the workspace is nearly full.",
        "Free or add space. When it is full, uploads are refused and nothing is lost.",
        _HOURS,
    ),
    Kind.INDEX_BEHIND: Meaning(
        Severity.TODAY,
        "Searches do not find the latest changes of the lists.",
        "See that the index writer runs (`/readyz`), and its log.",
        _HOURS,
    ),
    Kind.QUEUE_OLD: Meaning(
        Severity.TODAY,
        "A case has waited longer than allowed.",
        "Assign waiting cases, or add reviewers. The limit is `alerts.queue_hours`.",
        _DAY,
    ),
    Kind.UNSCANNED_WAITING: Meaning(
        Severity.TODAY,
        "Files that could not be scanned have piled up.",
        "Open the unscanned queue, mend what it names as the reason, and scan them again.",
        _DAY,
    ),
    Kind.UNSCANNED_EXPIRING: Meaning(
        Severity.TODAY,
        "Files that were never scanned will be destroyed within a day.",
        "Open the unscanned queue and scan them again before their clock runs out.",
        _HOURS,
    ),
    Kind.LISTS_STALE: Meaning(
        Severity.TODAY,
        "A hash list was not updated for too long.",
        "See the lists' page for which one, and bring it up to date. Each list says how often it is due.",
        _DAY,
    ),
    Kind.LIST_HELD: Meaning(
        Severity.TODAY,
        "A list left its expected range of hits or dismissals, and only holds from now on.",
        "See the lists' page for which one and why, before you let it act again.",
        _DAY,
    ),
    Kind.LIST_ENTRY_HELD: Meaning(
        Severity.TODAY,
        "An entry of a list left its expected range of hits, and only holds from now on.",
        "See the list's page for which one and why, before you let it act again.",
        _DAY,
    ),
    Kind.LIST_REVIEW_DUE: Meaning(
        Severity.SOON,
        "What two people added to a list is due for review.",
        "Review the list's entries and say when next; until then they only hold.",
        _DAY,
    ),
    Kind.RECHECK_WAITING: Meaning(
        Severity.SOON,
        "Re-checking the past found more than its cap lets into the queue.",
        "See the list's page for what waits, and let it in or discard it.",
        _DAY,
    ),
    Kind.EVIDENCE_AWAITED: Meaning(
        Severity.TODAY,
        "A file that matched by its hash was not delivered in time.",
        "Ask whoever runs the platform to deliver it, or decide the case without it.",
        _DAY,
    ),
    Kind.LIST_ENTRY_QUARANTINED: Meaning(
        Severity.TODAY,
        "An entry of a list was set apart and is not searched.",
        "See the list's page for which one and why; discard it, or let it in.",
        _DAY,
    ),
    Kind.UNSCANNED_EXPIRED: Meaning(
        Severity.TODAY,
        "A file could not be scanned in time. It was never found clear.",
        "See the unscanned queue for what the reason was, and mend it.",
        _DAY,
    ),
    Kind.MATCHED_AFTER_FINISH: Meaning(
        Severity.TODAY,
        "A file of a finished case has matched since.",
        "Open a case that follows the finished one, and decide it there.",
        _DAY,
    ),
    Kind.COMPLAINT_OVERDUE: Meaning(
        Severity.TODAY,
        "A complaint was not answered in time.",
        "Open the complaints, and have someone who did not decide the matter answer.",
        _DAY,
    ),
    Kind.JOBS_DEAD: Meaning(
        Severity.TODAY,
        "Work was given up after its last attempt.",
        "See the jobs' page for the reason, mend it, and try the job again.",
        _DAY,
    ),
    Kind.DELIVERIES_DEAD: Meaning(
        Severity.TODAY,
        "A webhook's receiver did not take a message in a day of attempts.",
        "See the webhooks' page for the reason, mend the receiver, and send the message again.",
        _DAY,
    ),
    Kind.VAULT_UNDECIDED: Meaning(
        Severity.TODAY,
        "Evidence has waited for a decision for too long.",
        "Decide the cases it belongs to. The limit is `retention.undecided_alarm_days`.",
        _DAY,
    ),
    Kind.REPORT_DEADLINE: Meaning(
        Severity.TODAY,
        "A report was handed over long ago and is not finished.",
        "Open the report and see what it waits for. The hotline deletes unfinished ones after a day.",
        _HOURS,
    ),
    Kind.REPORT_STOPPED: Meaning(
        Severity.TODAY,
        "A report stands still until a person acts.",
        "Open the report, mend what it names, and let it go on.",
        _HOURS,
    ),
    Kind.HOTLINE_CREDENTIALS: Meaning(
        Severity.TODAY,
        "The hotline refuses this server's name and password, so no report is sent.",
        "Mend the name and password in the settings and restart, or run `safelight hotline resume`.",
        _HOURS,
    ),
    Kind.HOTLINE_MISSING: Meaning(
        Severity.TODAY,
        "Something was confirmed, and no production hotline is set up to report it to.",
        "Set up the CyberTipline, have two people switch production on, or file by hand where you must.",
        _DAY,
    ),
    Kind.NOT_REPORTED: Meaning(
        Severity.TODAY,
        "Something was confirmed long ago, and no report of it was handed over.",
        "Open the case, and draft and hand over its report. The limit is `alerts.unreported_hours`.",
        _DAY,
    ),
    Kind.FORM_DUE: Meaning(
        Severity.TODAY,
        "A report that a person files at a form is due.",
        "Open the case, file the report at the hotline's form, and record its reference and time.",
        _HOURS,
    ),
    Kind.KEY_SUSPENDED: Meaning(
        Severity.TODAY,
        "A key of the platform was suspended, and what it sends is refused.",
        "See the keys' page for the reason. Resume the key, or replace it.",
        _HOURS,
    ),
    Kind.UNUSUAL_VIEWING: Meaning(
        Severity.TODAY,
        "Somebody looks at evidence in an unusual way.",
        "Open the alerts to see who. Ask them first; what they looked at takes a second person's release.",
        _DAY,
    ),
}
