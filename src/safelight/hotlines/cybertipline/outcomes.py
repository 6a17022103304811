"""What an answer means for the step that asked. The service's list of codes is explicitly not complete."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Final

from safelight.hotlines.cybertipline.answers import Answer


class Call(StrEnum):
    """The calls that change something, by their paths."""

    SUBMIT = "submit"
    UPLOAD = "upload"
    DESCRIBE = "fileinfo"
    FINISH = "finish"
    RETRACT = "retract"


class Outcome(StrEnum):
    """How one request ended, as far as anybody can know."""

    ACKNOWLEDGED = "acknowledged"
    NOT_SENT = "not_sent"
    """The service never had the request."""
    FAILED = "failed"
    """The service says that it could not, and did not act."""
    LOST = "lost"
    """Whether the service acted is not known, and there is no call to ask it."""
    CREDENTIALS = "credentials"
    """Name, password or rights are wrong: no request will do until somebody mends that."""
    REFUSED = "refused"
    """The request itself is wrong; the same again would be refused again."""
    REPORT_GONE = "report_gone"
    FILE_GONE = "file_gone"
    RETRACTED = "retracted"
    FINISHED = "finished"
    """The report was finished before; ``finish`` was heard although its answer was lost."""
    DIFFERS = "differs"
    """The service computed another MD5 than we did."""
    UNKNOWN = "unknown"
    """A code that nobody documented, kept for a person to look at."""


CODES: Final = {
    0: Outcome.ACKNOWLEDGED,
    1000: Outcome.LOST,  # "server error": tried again too, but it says nothing of how far it came
    1100: Outcome.FAILED,
    1110: Outcome.FAILED,
    1111: Outcome.FAILED,
    1300: Outcome.FAILED,
    2000: Outcome.CREDENTIALS,
    3000: Outcome.CREDENTIALS,
    3100: Outcome.CREDENTIALS,
    3300: Outcome.CREDENTIALS,
    4000: Outcome.REFUSED,
    4100: Outcome.REFUSED,
    4110: Outcome.REFUSED,
    4200: Outcome.REFUSED,
    5001: Outcome.REPORT_GONE,
    5002: Outcome.FILE_GONE,
    5101: Outcome.RETRACTED,
    5102: Outcome.FINISHED,
}
"""*CyberTipline Reporting API Technical Documentation*, response codes. 1210 (resource not found) says too
little to act on, and so is :attr:`Outcome.UNKNOWN` like every code that is not here."""
_STATUSES: Final[dict[int, Outcome]] = {
    HTTPStatus.UNAUTHORIZED: Outcome.CREDENTIALS,
    HTTPStatus.FORBIDDEN: Outcome.CREDENTIALS,
    HTTPStatus.TOO_MANY_REQUESTS: Outcome.FAILED,
}


def outcome_of(call: Call, answer: Answer, *, md5: str = "") -> Outcome:
    """What an answer means; ``md5`` is that of the bytes that were uploaded, hexadecimal.

    A success that lacks what it must carry tells nothing: the report's id, the file's, or the receipt.
    """
    if answer.code is None:
        # Without a code it may be a gateway's page, sent while the service behind it went on.
        return _STATUSES.get(answer.status, Outcome.LOST)
    outcome = CODES.get(answer.code, Outcome.UNKNOWN)
    if outcome is not Outcome.ACKNOWLEDGED:
        return outcome
    if (call is Call.SUBMIT and not answer.report_id) or (call is Call.UPLOAD and not answer.file_id):
        return Outcome.LOST
    if call is Call.UPLOAD and answer.hash != md5.lower():
        return Outcome.DIFFERS
    return Outcome.ACKNOWLEDGED
