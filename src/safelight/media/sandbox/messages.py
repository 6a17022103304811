"""What a decoder may say, and nothing else: its messages are read as a stranger's.

A decoder that a file has taken over can send anything. Each message is one JSON object with one member, which
names the kind; types are strict, numbers bounded, text matched against patterns, unknown members refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Optional

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
)

from safelight.types import Part, UnscannedReason

Hash256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Selector = tuple[
    Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,16}$")],
    Annotated[str, StringConstraints(pattern=r"^[0-9a-z.]{1,32}$")],
]
Selectors = Annotated[tuple[Selector, ...], Field(max_length=4)]
Side = Annotated[int, Field(ge=1, le=1 << 31)]


def _printable(text: str) -> str:
    # Cleaned rather than refused: an honest decoder's message can quote the file.
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


Detail = Annotated[str, Field(max_length=200), AfterValidator(_printable)]


class Body(BaseModel):
    """What stands beside a message's kind."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Moment = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
"""Seconds from the beginning of a recording."""


class PictureFound(Body):
    """One decoded picture or frame, its size as displayed, its PDQ quality and its eight dihedral hashes.

    ``at`` is when a frame of an animation is first shown.
    """

    selectors: Selectors = ()
    width: Side
    height: Side
    quality: Annotated[int, Field(ge=0, le=100)]
    hashes: Annotated[tuple[Hash256, ...], Field(min_length=8, max_length=8)]
    at: Moment | None = None

    @property
    def part(self) -> Part:
        """Where in the file it is."""
        return Part(selectors=self.selectors)


EvidenceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
EvidenceValue = Annotated[str, Field(max_length=8_000), AfterValidator(_printable)]


MemberName = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_printable)]
"""As the container has it, up to a length; a label, never used as a path."""


class MemberFound(Body):
    """A member begins: what data packets carry from here to :class:`MemberEnded` are its bytes."""

    name: MemberName


class MemberEnded(Body):
    """The member is complete, or (``whole`` is false) could not be read to its end."""

    whole: bool = True


class TensorFound(Body):
    """One tensor of a model file, its size in bytes, and the digests of the bytes and of their half cast.

    ``sketch`` is of its order, see :mod:`safelight.signals.weights`.
    """

    name: MemberName
    bytes: Annotated[int, Field(ge=1, le=1 << 50)]
    t1: Hash256
    t16: Hash256 | None = None
    sketch: Hash256 | None = None


class ModelFound(Body):
    """What the whole of a model file digests to."""

    autov1: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")] | None = None
    autov3: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")] | None = None


class SoundFound(Body):
    """A piece of one soundtrack: the items of its fingerprint from the ``at``-th on, 8 digits each.

    ``stream`` counts soundtracks from 1; ``loudest`` is the largest sample of the piece.
    """

    stream: Annotated[int, Field(ge=1, le=64)]
    kind: Literal["chromaprint", "chromaprint_short"]
    at: Annotated[int, Field(ge=0, le=1 << 24)]
    items: Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{8}){0,4096}$")]
    loudest: Annotated[int, Field(ge=0, le=1 << 15)]


class StreamsFound(Body):
    """How many streams of moving pictures and of sound a container has."""

    video: Annotated[int, Field(ge=0, le=1 << 16)]
    audio: Annotated[int, Field(ge=0, le=1 << 16)]


class VideoFound(Body):
    """What the header of one stream of moving pictures says; its size is as stored, before any turning."""

    width: Side
    height: Side
    seconds: Moment | None = None


class FrameFound(Body):
    """One frame, when it is shown, its PDQ quality and its eight dihedral hashes."""

    t: Moment
    quality: Annotated[int, Field(ge=0, le=100)]
    hashes: Annotated[tuple[Hash256, ...], Field(min_length=8, max_length=8)]


class ResumeFound(Body):
    """The decoder paused: what another child is to be told, so that it goes on.

    ``packets`` and ``pts`` are the number and the timestamp of the keyframe to begin at, ``until`` the moment
    of the last frame looked at.
    """

    packets: Annotated[int, Field(ge=0, le=1 << 62)]
    pts: Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)] | None
    until: Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
    shift: Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
    shown: Hash256 | None


class EvidenceFound(Body):
    """One item of evidence of origin, under the names of ``safelight.provenance.evidence``."""

    kind: EvidenceName
    grade: EvidenceName
    detail: Annotated[dict[EvidenceName, EvidenceValue], Field(max_length=40)]


class SheetFound(Body):
    """A sheet of one or more pictures that were reduced to be looked at; its rows follow.

    ``page`` of ``pages``, from 1; ``parts`` are all pictures of the file; ``missing`` of this sheet's could
    not be decoded. ``bands`` is 1 for grey, 3 for red, green and blue. ``attachments``: a document carries
    files that are on none of its pages.
    """

    page: Annotated[int, Field(ge=1, le=1 << 20)]
    pages: Annotated[int, Field(ge=1, le=1 << 20)]
    parts: Annotated[int, Field(ge=1, le=1 << 20)]
    missing: Annotated[int, Field(ge=0, le=64)]
    cut_short: bool
    counts: bool
    attachments: bool = False
    moments: Annotated[tuple[Annotated[float, Field(ge=0, le=1e8)], ...], Field(max_length=9)] = ()
    width: Annotated[int, Field(ge=1, le=4096)]
    height: Annotated[int, Field(ge=1, le=4096)]
    bands: Literal[1, 3]


class SheetRows(Body):
    """The next bytes of a sheet's pixels, row by row, in base 64."""

    data: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z+/]+={0,2}$", max_length=60_000)]


class SegmentFound(Body):
    """A few seconds of a video, reduced to be watched: its frames follow as rows, one after the other.

    It reaches from ``begins`` to ``ends`` (seconds); ``ended`` says that the video ends there. ``promised``
    is how long its header says that it lasts, 0 where it does not; ``missing`` frames could not be decoded;
    ``counts`` is false where watching it all is not watching the whole file. ``moments`` are when each frame
    is shown; every frame has ``width`` and ``height``, and ``bands`` as in :class:`SheetFound`.
    """

    begins: Moment
    ends: Moment
    ended: bool
    promised: Moment
    missing: Annotated[int, Field(ge=0, le=1 << 20)]
    counts: bool
    moments: Annotated[tuple[Moment, ...], Field(max_length=64)]
    width: Annotated[int, Field(ge=1, le=4096)]
    height: Annotated[int, Field(ge=1, le=4096)]
    bands: Literal[1, 3]


class HeardFound(Body):
    """A few seconds of a soundtrack, in one channel: its samples follow as rows, 16 bits each, little-endian.

    The members are those of :class:`SegmentFound`; ``missing`` are packets that could not be decoded.
    """

    begins: Moment
    ends: Moment
    ended: bool
    promised: Moment
    missing: Annotated[int, Field(ge=0, le=1 << 20)]
    counts: bool
    samples: Annotated[int, Field(ge=1, le=1 << 20)]


class PeaksFound(Body):
    """How loud a soundtrack is over its ``seconds``: the largest sample (0-255) of each equal stretch."""

    seconds: Moment
    peaks: Annotated[tuple[Annotated[int, Field(ge=0, le=255)], ...], Field(min_length=1, max_length=1200)]


class Deferred(Body):
    """The decoder asks that another family look at the file instead."""

    to: Literal["pillow"]


class ProblemFound(Body):
    """A part that the decoder could not, or was told not to, look at."""

    reason: Literal[
        UnscannedReason.EMPTY,
        UnscannedReason.UNSUPPORTED,
        UnscannedReason.NOT_INSTALLED,
        UnscannedReason.DAMAGED,
        UnscannedReason.TRUNCATED,
        UnscannedReason.ENCRYPTED,
        UnscannedReason.TOO_LARGE,
        UnscannedReason.TOO_MANY_PIXELS,
        UnscannedReason.TOO_MANY_PARTS,
        UnscannedReason.OUT_OF_MEMORY,
        UnscannedReason.NOT_A_FILE,
    ]
    detail: Detail = ""
    selectors: Selectors = ()
    member: MemberName | None = None

    @property
    def part(self) -> Part:
        """Where in the file it is."""
        return Part(() if self.member is None else (self.member,), self.selectors)


class Ended(Body):
    """The decoder looked at everything it wanted to; ``parts`` counts the findings it sent."""

    parts: Annotated[int, Field(ge=0, le=1 << 20)]


class FailureReason(StrEnum):
    """Why a child did not reach its end, in the words of ``native/confine/warm_parent.hpp``."""

    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    REFUSED = "refused"
    UNCONFINED = "unconfined"


class Failed(Body):
    """The child died, or never began; nothing follows."""

    reason: FailureReason
    detail: Detail = ""


class InvalidMessage(ValueError):
    """No sound decoder sends this."""


class MessageSet:
    """The kinds of message of one family: ``findings`` are its own, beside problem, end and failed.

    ``counted`` are the findings of which the end message gives the number. A family with ``members`` returns
    the bytes of what it unpacks; from any other, a data packet is a broken rule.
    """

    def __init__(
        self,
        findings: Mapping[str, type[Body]],
        *,
        counted: type[Body] | tuple[type[Body], ...],
        members: bool = False,
    ) -> None:
        self.counted: Final = counted
        self.members: Final = members
        kinds = {**findings, "problem": ProblemFound, "end": Ended, "failed": Failed}
        if members:
            kinds |= {"member": MemberFound, "member_end": MemberEnded}
        fields: dict[str, Any] = {name: (Optional[body], None) for name, body in kinds.items()}  # noqa: UP045
        self._envelope: type[Body] = create_model("Message", __base__=Body, **fields)

    def read(self, message: bytes) -> Body:
        """The one body in a message. Raises :class:`InvalidMessage`."""
        try:
            envelope = self._envelope.model_validate_json(message)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            raise InvalidMessage(first["type"]) from None
        bodies = [value for name in envelope.model_fields_set if (value := getattr(envelope, name))]
        if len(bodies) != 1 or len(envelope.model_fields_set) != 1:
            raise InvalidMessage("not exactly one kind")
        body = bodies[0]
        assert isinstance(body, Body)
        return body


IMAGE_MESSAGES: Final = MessageSet({"picture": PictureFound, "defer": Deferred}, counted=PictureFound)
"""What the two image families say."""

PROVENANCE_MESSAGES: Final = MessageSet({"evidence": EvidenceFound}, counted=EvidenceFound)
"""What the readers of provenance say."""

MODEL_MESSAGES: Final = MessageSet({"tensor": TensorFound, "model": ModelFound}, counted=TensorFound)
"""What the readers of model files say."""

DOCUMENT_MESSAGES: Final = MessageSet(
    {"picture": PictureFound}, counted=(PictureFound, MemberFound), members=True
)
"""What the readers of documents say."""

ARCHIVE_MESSAGES: Final = MessageSet({}, counted=MemberFound, members=True)
"""What the readers of archives say."""

AUDIO_MESSAGES: Final = MessageSet({"sound": SoundFound}, counted=SoundFound)
"""What the decoder of sound says."""

VIDEO_MESSAGES: Final = MessageSet(
    {"streams": StreamsFound, "video": VideoFound, "frame": FrameFound, "resume": ResumeFound},
    counted=FrameFound,
)
"""What the decoders of video say."""

RENDERING_MESSAGES: Final = MessageSet({"sheet": SheetFound, "rows": SheetRows}, counted=SheetFound)
"""What the maker of renderings says."""

RECORDING_MESSAGES: Final = MessageSet(
    {
        "sheet": SheetFound,
        "segment": SegmentFound,
        "heard": HeardFound,
        "peaks": PeaksFound,
        "rows": SheetRows,
    },
    counted=(SheetFound, SegmentFound, HeardFound, PeaksFound),
)
"""What the maker of renderings of recordings says."""
