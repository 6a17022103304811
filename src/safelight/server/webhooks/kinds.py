"""What a message may be about and may say: a closed table, so that no message can carry content.

A receiver is the operator's own system. It may know ids, times, states and outcomes, and the names that it
gave things itself. It never gets a file, a text, a hash value, a list's name or a distance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from safelight.server.ledger.services import JSON
from safelight.server.webhooks.errors import WebhookError

LONGEST_NAME: Final = 200
_WORD: Final = re.compile(r"[a-z][a-z0-9_.]{0,59}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)")
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Kind(StrEnum):
    """What happened. Members are added, never renamed: receivers depend on them."""

    SUBMISSION_FINISHED = "submission.finished"
    """Something that was accepted as a job has its outcome."""
    CASE_OPENED = "case.opened"
    CASE_EXTENDED = "case.extended"
    CASE_FINISHED = "case.finished"
    DECISION_MADE = "decision.made"
    """Somebody, or the operator's written policy, decided; ``supersedes`` names the decision it replaces."""
    ITEM_HIDE = "item.hide"
    """It was confirmed: take it out of everybody's sight, and keep it."""
    ITEM_RESTORE = "item.restore"
    """A complaint was upheld, or the decision superseded: what was taken down goes up again."""
    ACCOUNT_SUSPEND = "account.suspend"
    """Something was confirmed that this account uploaded, as far as is known."""
    ACCOUNT_RESTORE = "account.restore"
    """What an account was suspended for does not stand any more."""
    REPORT_FINISHED = "report.finished"
    """A production hotline has receipted a report. What says that something was reported waits for this."""
    KEY_SUSPENDED = "key.suspended"
    ALERT_RAISED = "alert.raised"
    ALERT_CLEARED = "alert.cleared"


class Form(StrEnum):
    """How one value is written."""

    ID = "a UUID"
    WORD = "a word of ours"
    TIME = "a time, RFC 3339 in UTC"
    NUMBER = "a number"
    NAME = "a name that the platform itself gave"


_PLACE: Final = {"content": Form.NAME, "account": Form.NAME, "surface": Form.NAME}

FIELDS: Final[dict[Kind, dict[str, Form]]] = {
    Kind.SUBMISSION_FINISHED: {
        "submission": Form.ID, "outcome": Form.WORD, "reason": Form.WORD, "limited": Form.WORD, **_PLACE,
    },
    Kind.CASE_OPENED: {
        "case": Form.ID, "priority": Form.NUMBER, "follows": Form.ID, "submission": Form.ID, **_PLACE,
    },
    Kind.CASE_EXTENDED: {"case": Form.ID, "priority": Form.NUMBER, "submission": Form.ID, **_PLACE},
    Kind.CASE_FINISHED: {"case": Form.ID, "at": Form.TIME},
    Kind.DECISION_MADE: {
        "decision": Form.ID, "case": Form.ID, "submission": Form.ID, "outcome": Form.WORD,
        "supersedes": Form.ID, **_PLACE,
    },
    Kind.ITEM_HIDE: {"decision": Form.ID, "case": Form.ID, "submission": Form.ID, **_PLACE},
    Kind.ACCOUNT_SUSPEND: {"case": Form.ID, "account": Form.NAME},
    Kind.ACCOUNT_RESTORE: {"case": Form.ID, "account": Form.NAME},
    Kind.ITEM_RESTORE: {"complaint": Form.ID, "decision": Form.ID, "submission": Form.ID, **_PLACE},
    Kind.REPORT_FINISHED: {"report": Form.ID, "case": Form.ID, "at": Form.TIME},
    Kind.KEY_SUSPENDED: {"key": Form.ID},
    Kind.ALERT_RAISED: {"alert": Form.ID, "kind": Form.WORD, "severity": Form.WORD, "pages": Form.NUMBER},
    Kind.ALERT_CLEARED: {"alert": Form.ID, "kind": Form.WORD, "severity": Form.WORD, "pages": Form.NUMBER},
}  # fmt: skip
"""By kind, what its data may hold; each field may be absent or null. The integrator's page lists them."""


def checked(kind: Kind, data: Mapping[str, JSON]) -> dict[str, JSON]:
    """The data, if the table allows all of it. Raises :class:`WebhookError` before anything else is sent."""
    allowed = FIELDS[kind]
    for name, value in data.items():
        form = allowed.get(name)
        if form is None or not (value is None or _fits(value, form)):
            raise WebhookError(f"A message of kind {kind} must not carry this as its field {name[:60]!r}.")
    return dict(data)


def _fits(value: JSON, form: Form) -> bool:
    if form is Form.NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    match form:
        case Form.ID:
            return _ID.fullmatch(value) is not None
        case Form.WORD:
            return _WORD.fullmatch(value) is not None
        case Form.TIME:
            return _TIME.fullmatch(value) is not None
        case Form.NAME:
            return len(value) <= LONGEST_NAME
