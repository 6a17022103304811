"""What is sent to the API and what it answers, as the OpenAPI document describes it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from safelight.frames import parse_frames, write_frames
from safelight.server.intake.context import ContextIn

MOST_VALUE: Final = 500_000
"""Characters of one hash: an hour and a half of video, or two hours of sound."""


class Outcome(StrEnum):
    """The four answers to a scan. *Unscanned* is never *clear*."""

    CLEAR = "clear"
    MATCH = "match"
    HOLD = "hold"
    UNSCANNED = "unscanned"


class Verdict(BaseModel):
    """What a key of the platform's server is told about one arrival."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "received",
                    "id": "0199f1de-6f3a-7cc2-9d2b-2f6c5b1f4c11",
                    "outcome": "clear",
                    "reason": None,
                    "limited": None,
                }
            ]
        }
    )

    status: Literal["received"] = Field("received", description="it was taken in")
    id: UUID | None = Field(description="for `submissions/{id}`; null where nothing may be kept of it")
    outcome: Outcome | None = Field(description="null for what is not scanned: texts and addresses")
    reason: str | None = Field(description="why it was not scanned; set when the outcome is `unscanned`")
    limited: str | None = Field(description="why a `clear` is weaker than usual, such as `too_plain`")


class Alike(BaseModel):
    """All that a key for uploaders is ever told: `clear` with 200, `received` with 202."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "received"}]})

    status: Literal["clear", "received"] = Field(description="`received` is the same for everything else")


class Problem(BaseModel):
    """An error (RFC 9457); `detail` says what to do."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["A form holds one file, in the field file."])


class BatchResult(BaseModel):
    """One file of many: its own status, with a verdict or a problem."""

    status: int = Field(description="as `scan` would have answered for this file alone", examples=[200])
    verdict: Verdict | None = None
    problem: Problem | None = None


class BatchAnswer(BaseModel):
    """The files' results, in the order in which they were sent."""

    results: list[BatchResult]


class AboutOne(BaseModel):
    """What is told about one file of many."""

    model_config = ConfigDict(extra="forbid")

    idempotency_key: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    context: ContextIn = Field(default_factory=ContextIn)


_Md5 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{32}$")]
_Sha1 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{40}$")]
_Bits256 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$")]


def _frames(text: str) -> str:
    return write_frames(parse_frames(text))


_Frames = Annotated[str, StringConstraints(min_length=2, max_length=MOST_VALUE), AfterValidator(_frames)]
_Items = Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{8})+$", max_length=MOST_VALUE)]


class Hashes(BaseModel):
    """A file's hashes, in hexadecimal. SHA-256 says which file it is; the others widen the comparison.

    A picture has `pdq`, a video `vpdq`, and what has sound `chromaprint` as well.
    """

    model_config = ConfigDict(extra="forbid")

    sha256: _Bits256 = Field(description="of the whole file", examples=["9f" * 32])
    md5: _Md5 | None = None
    sha1: _Sha1 | None = None
    pdq: _Bits256 | None = Field(
        None, description="without it or the others below only equality is compared, and nothing is clear"
    )
    pdq_quality: int = Field(
        100, ge=0, le=100, description="PDQ's quality; below 50 the hash is too plain to compare"
    )
    vpdq: _Frames | None = Field(
        None,
        description="a video's frames, one a second: vPDQ's text form, a JSON array of"
        ' `"hash,quality,timestamp"`; each different frame counts as one file of the day\'s budget',
    )
    chromaprint: _Items | None = Field(
        None,
        description="Chromaprint's items (algorithm 1, TEST2), eight digits each; half a minute is one",
    )
    chromaprint_short: _Items | None = Field(
        None, description="the same of algorithm 4 (TEST5), for sounds of up to 30 seconds"
    )

    @model_validator(mode="after")
    def _one_medium(self) -> Self:
        if self.pdq is not None and self.vpdq is not None:
            raise ValueError("pdq is of a picture and vpdq of a video: send the one that it is")
        return self


class LookUp(BaseModel):
    """One file that stays with the platform, by its hashes."""

    model_config = ConfigDict(extra="forbid")

    hashes: Hashes
    context: ContextIn = Field(default_factory=ContextIn)


class LookUpAnswer(Verdict):
    """The verdict, and by when the file itself is to be delivered where it matched."""

    evidence_due_at: datetime | None = Field(
        None, description="deliver the bytes to `hashes/{id}/bytes` before this; null where none are awaited"
    )


class Delivered(BaseModel):
    """The bytes are sealed."""

    status: Literal["delivered"] = "delivered"


class ReportKind(StrEnum):
    """Who told the platform."""

    USER_REPORT = "user_report"
    TRUSTED_FLAGGER = "trusted_flagger"
    POLICE_REQUEST = "police_request"
    PUBLIC_URL_REPORT = "public_url_report"


class ReportIn(BaseModel):
    """What somebody disclosed: a text or an address. A file comes in a form, with this in `report`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "user_report",
                    "url": "https://example.org/post/7",
                    "context": {"account": "u-7", "sender": "u-9", "reference": "R-1"},
                }
            ]
        },
    )

    kind: ReportKind
    text: Annotated[str, StringConstraints(min_length=1, max_length=100_000)] | None = None
    url: Annotated[str, StringConstraints(min_length=1, max_length=8_000)] | None = None
    context: ContextIn = Field(default_factory=ContextIn)


class SubmissionOut(BaseModel):
    """What became of one arrival, as it stands now."""

    id: UUID
    received_at: datetime
    outcome: Outcome | None = Field(description="null for texts and addresses, which are not scanned")
    reason: str | None = Field(description="`not_yet`: its turn has not come; ask again")
    limited: str | None = None


ERRORS: dict[Any, Any] = dict.fromkeys((400, 401, 403, 404, 409, 411, 413, 415, 422, 429, 502, 503), Problem)
"""What any route may answer."""
