"""What the database refuses about reports that were finished or discarded, and about answers of hotlines.

A request and its answer are one row that is written twice: when it is sent, and when something came back. An
answer may come after another worker gave the request up, even after the report was finished; it is kept then,
marked as late, and alters nothing else.
"""

from __future__ import annotations

from typing import Final

from safelight.server.cases.guard_conditions import Lock, Rules, never_changed, part_of, taken

_FINAL: Final = "IN ('finished', 'discarded')"
_IN_FINISHED: Final = f"EXISTS (SELECT 1 FROM hotlines_report WHERE id = {{0}} AND state {_FINAL})"  # noqa: S608
_STEP_OF_FINISHED: Final = (
    "EXISTS (SELECT 1 FROM hotlines_step s JOIN hotlines_report r ON r.id = s.report_id "  # noqa: S608
    f"WHERE s.id = {{0}} AND r.state {_FINAL})"
)
_OTHER_REQUEST: Final = (
    "NEW.id <> OLD.id OR NEW.step_id <> OLD.step_id OR NEW.at <> OLD.at "
    "OR NEW.sent_digest <> OLD.sent_digest OR NEW.person_id <> OLD.person_id "
    "OR (NEW.person_id IS NULL) <> (OLD.person_id IS NULL)"
)
_ENDED: Final = (
    "OLD.answered_at IS NOT NULL OR OLD.outcome NOT IN ('pending', 'lost') "
    "OR (OLD.outcome = 'lost' AND NEW.outcome <> 'lost')"
)

OF_REPORTS: Final[Rules] = {
    "hotlines_report": {
        "INSERT": taken("hotlines_report", "t.id = NEW.id", f"t.state {_FINAL}"),
        "UPDATE": f"OLD.state {_FINAL}",
        "DELETE": f"OLD.state {_FINAL}",
    },
    "hotlines_reportcase": part_of("hotlines_reportcase", _IN_FINISHED, "report_id", "t.id = NEW.id"),
    "hotlines_reportfile": part_of("hotlines_reportfile", _IN_FINISHED, "report_id", "t.id = NEW.id"),
    "hotlines_leftout": part_of("hotlines_leftout", _IN_FINISHED, "report_id", "t.id = NEW.id"),
    "hotlines_step": never_changed(
        f"{_IN_FINISHED.format('NEW.report_id')} OR "
        + taken("hotlines_step", "t.id = NEW.id OR t.key = NEW.key")
    ),
    "hotlines_attempt": {
        "INSERT": f"{_STEP_OF_FINISHED.format('NEW.step_id')} OR "
        + taken("hotlines_attempt", "t.id = NEW.id"),
        "UPDATE": f"{_OTHER_REQUEST} OR {_ENDED} "
        f"OR ({_STEP_OF_FINISHED.format('OLD.step_id')} AND (NOT NEW.late OR NEW.outcome <> OLD.outcome))",
        "DELETE": "1 = 1",
    },
    "hotlines_orphan": never_changed(
        f"{_IN_FINISHED.format('NEW.report_id')} OR "
        + taken(
            "hotlines_orphan", "t.id = NEW.id OR (t.report_id = NEW.report_id AND t.opening = NEW.opening)"
        )
    ),
    "hotlines_receipt": never_changed(
        f"{_IN_FINISHED.format('NEW.report_id')} OR "
        + taken("hotlines_receipt", "t.report_id = NEW.report_id OR t.attempt_id = NEW.attempt_id")
    ),
}

_REPORT: Final = Lock("hotlines_report", "{0}.report_id")
LOCKS_OF_REPORTS: Final = {
    "hotlines_reportcase": _REPORT,
    "hotlines_reportfile": _REPORT,
    "hotlines_leftout": _REPORT,
    "hotlines_step": _REPORT,
    "hotlines_attempt": Lock(
        "hotlines_report", "(SELECT s.report_id FROM hotlines_step s WHERE s.id = {0}.step_id)"
    ),
    "hotlines_orphan": _REPORT,
    "hotlines_receipt": _REPORT,
}
