"""The frozen records that every room speaks: what a file is, what it yielded, and what was decided.

Nothing here opens a file, a database or a socket. Text forms (the values of the enumerations, the part
addresses, the lower-case hexadecimal of hashes) are the ones written to JSON and kept in databases: adding a
member is a compatible change, renaming one is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

OBSERVATION_SCHEMA: Final = "safelight.observation/1"
"""Name and major version of the observation's JSON form; within a major, fields are only added."""


class MediaKind(StrEnum):
    """The family of a file, which decides the sandbox parent that decodes it."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    ARCHIVE = "archive"
    DOCUMENT = "document"
    MODEL_FILE = "model_file"
    TEXT = "text"
    UNKNOWN = "unknown"


class ListClass(StrEnum):
    """What a hash list holds; the policy decides by it."""

    CSAM = "csam"
    EXPLOITATIVE = "exploitative"
    NCII = "ncii"
    AI_CSAM = "ai_csam"
    MODEL = "model"
    KNOWN_GOOD = "known_good"
    SELF_REPORTED = "self_reported"
    TEST = "test"


class Outcome(StrEnum):
    """The four answers to a scan. *Unscanned* is never *clear*."""

    CLEAR = "clear"
    MATCH = "match"
    HOLD = "hold"
    UNSCANNED = "unscanned"


class UnscannedReason(StrEnum):
    """Why a file, or a part of one, was not looked at. A closed list: anything else is a bug."""

    NO_LIST = "no_list"
    """No hash list with entries was loaded, so there was nothing to compare with."""
    EMPTY = "empty"
    """The file has no bytes."""
    UNSUPPORTED = "unsupported"
    """The bytes are of no format that this installation decodes."""
    NOT_INSTALLED = "not_installed"
    """The library that decodes this format is not installed here, though this version can use it."""
    DAMAGED = "damaged"
    """The decoder refused the bytes."""
    TRUNCATED = "truncated"
    """The file ends before its content does; what could be read was hashed."""
    ENCRYPTED = "encrypted"
    """The content needs a password."""
    TOO_LARGE = "too_large"
    """The file has more bytes than the operator allows."""
    TOO_MANY_PIXELS = "too_many_pixels"
    """The header declares more pixels than the operator allows; nothing was allocated."""
    TOO_MANY_PARTS = "too_many_parts"
    """More frames, pages or members than the operator allows; the first ones were hashed."""
    TIMEOUT = "timeout"
    """Decoding took longer than the operator allows and was stopped."""
    OUT_OF_MEMORY = "out_of_memory"
    """Decoding needed more memory than the operator allows and was stopped."""
    CRASHED = "crashed"
    """The decoder died."""
    BAD_REPLY = "bad_reply"
    """The decoder answered something that a sound decoder never answers."""
    SANDBOX_UNAVAILABLE = "sandbox_unavailable"
    """No sandbox to decode in."""
    NOT_A_FILE = "not_a_file"
    """A FIFO, socket, device, link within an archive or other thing that has no content of its own."""
    UNREADABLE = "unreadable"
    """The operating system refused to open or read it, or it vanished."""
    CHANGED = "changed"
    """It changed while it was read."""
    NOT_PERMITTED = "not_permitted"
    """The law or the operator's configuration does not permit scanning it."""
    NOT_YET = "not_yet"
    """It was accepted and waits for its turn: a server scans large files, video and archives afterwards."""
    DEPENDENCY_DOWN = "dependency_down"
    """A store or an index that the scan needs did not answer."""


class UnhashableReason(StrEnum):
    """Why a picture or a sound that decoded well has no usable perceptual hash."""

    TOO_PLAIN = "too_plain"
    """Its PDQ quality is below 50: too few gradients to tell it from other plain pictures."""
    TOO_SMALL = "too_small"
    """A side is shorter than 5 pixels, the least that PDQ is defined for."""
    SILENT = "silent"
    """A sound with nothing to hear in it."""
    TOO_STEADY = "too_steady"
    """A hum, a tone or a steady noise: it changes too little to tell it from other such sounds."""
    TOO_SHORT = "too_short"
    """A sound of less than 3 seconds, the least that is told from others."""
    UNSUPPORTED = "unsupported"
    """Something in the file is not decoded here; the policy says that comparing its digests suffices."""


class Transform(StrEnum):
    """The eight dihedral variants, in the order in which their hashes are listed everywhere.

    The order and the names follow ``pdqDihedralHash256esFromFloatLuma`` of the PDQ reference implementation.
    """

    ORIGINAL = "original"
    ROTATE_90 = "rotate90"
    ROTATE_180 = "rotate180"
    ROTATE_270 = "rotate270"
    FLIP_X = "flipx"
    FLIP_Y = "flipy"
    FLIP_PLUS_1 = "flipplus1"
    FLIP_MINUS_1 = "flipminus1"


class ModelLevel(StrEnum):
    """How far a model file is a listed one, strongest first."""

    SAME_WEIGHTS = "same_weights"
    """The same tensors to the bit: renamed, re-ordered, sharded or without its metadata at most."""
    OTHER_PRECISION = "other_precision"
    """At least 95 % of the listed model's distinctive bytes, when both are cast to 16-bit floats."""
    DERIVED = "derived"
    """At least half of them, in at least eight tensors: fine-tuned, merged or pruned in part."""
    LEAD = "lead"
    """Less, only a short hash, or likeness alone: for a person to look into."""


class Grade(StrEnum):
    """How far an item of provenance evidence can be trusted, strongest first."""

    VERIFIED = "verified"
    SIGNED = "signed"
    DECODED = "decoded"
    CLAIMED = "claimed"
    DAMAGED = "damaged"


_ESCAPED = re.compile(r"[%!#/=\x00-\x1f\x7f]")


def _escape(text: str, *, keep: str = "") -> str:
    return _ESCAPED.sub(lambda m: m[0] if m[0] in keep else f"%{ord(m[0]):02X}", text)


def _unescape(text: str) -> str:
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), text)


@dataclass(frozen=True, slots=True)
class Part:
    """Where inside a file something was found: ``!inner/pic.png``, ``#t=12.0``, ``#page=3/image=1``.

    ``members`` are the names of nested members, outermost first. ``selectors`` narrow down within the last
    of them (``t`` seconds, ``frame``, ``page``, ``image``, ``over`` the background that alpha was laid on).
    The text form escapes ``% ! # = /`` and control characters, so that it can be parsed back.
    """

    members: tuple[str, ...] = ()
    selectors: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        inner = "".join("!" + _escape(name, keep="/=") for name in self.members)
        if not self.selectors:
            return inner
        return inner + "#" + "/".join(f"{_escape(key)}={_escape(value)}" for key, value in self.selectors)

    @classmethod
    def parse(cls, text: str) -> Part:
        """Read the text form back. Raises ``ValueError`` for text that is not a part address."""
        path, _, fragment = text.partition("#")
        if path and not path.startswith("!"):
            raise ValueError(f"not a part address: {text!r}")
        members = tuple(_unescape(name) for name in path.split("!")[1:])
        selectors = []
        for piece in fragment.split("/") if fragment else ():
            key, equals, value = piece.partition("=")
            if not equals:
                raise ValueError(f"not a part address: {text!r}")
            selectors.append((_unescape(key), _unescape(value)))
        return cls(members, tuple(selectors))

    def select(self, **selectors: object) -> Part:
        """The same place, narrowed down: ``part.select(frame=3)``."""
        return Part(self.members, self.selectors + tuple((k, str(v)) for k, v in selectors.items()))


WHOLE: Final = Part()
"""The file itself."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """An open file and what its bytes say it is. Whoever opened ``fd`` closes it."""

    fd: int
    size: int
    kind: MediaKind
    mime: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One hash of one part.

    ``type`` names a module of :mod:`safelight.signals` (``md5``, ``sha256``, ``pdq``, ``vpdq``); ``value`` is
    that type's canonical lower-case text; ``quality`` is 0-100 where the type has one. ``variants`` are the
    hashes of the part turned and mirrored (the seven of :class:`Transform` after the original), for queries.
    """

    type: str
    value: str
    quality: int | None = None
    part: Part = WHOLE
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unhashable:
    """A part that decoded well and still has no usable hash of this type; never an error."""

    type: str
    reason: UnhashableReason
    quality: int | None = None
    part: Part = WHOLE


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One listed signal. ``key`` is the source's own, so that updates and withdrawals find the right row.

    One key may stand for several signals of one file (its MD5, its SHA-1, its PDQ). The listed value is left
    out of ``repr``, so that no log shows it.
    """

    list: str
    key: str
    signal: Signal = field(repr=False)
    classification: str | None = None
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds from the beginning of the file, and where in the listed one it is."""

    start: float
    end: float
    listed: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a video, and of a listed one, the other has: shares (0-1) of the frames compared."""

    query: float
    listed: float


@dataclass(frozen=True, slots=True)
class Match:
    """What matched what, and how closely. Never carries the listed value.

    ``distance`` is 0 for digests and 0-256 (Hamming) for PDQ; of videos it is that of the nearest frames,
    of sounds the bits of 256 that differ where they agree best. ``transform`` says how the query was turned.
    ``coverage`` is set where the listed thing, or the query, is a video, and ``spans`` are when the query
    shows, or lets hear, what is listed. ``shadow``: the list is on trial. ``held``: the list or the entry
    hits or errs more than is usual, and a person looks at what would otherwise match.
    Of model files ``level`` says how far the file is the listed model, and ``share`` (0-1) how much of the
    listed model's distinctive bytes it holds, where tensors were compared.
    """

    signal: Signal
    list: str
    list_class: ListClass
    entry_key: str
    classification: str | None = None
    distance: int = 0
    transform: Transform = Transform.ORIGINAL
    shadow: bool = False
    held: bool = False
    level: ModelLevel | None = None
    share: float | None = None
    coverage: Coverage | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """One item of evidence of origin, with a one-sentence summary in plain words."""

    kind: str
    grade: Grade
    summary: str
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not looked at, where, and why; ``detail`` is for the operator."""

    reason: UnscannedReason
    part: Part = WHOLE
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded still or frame: its size in pixels as a viewer shows it."""

    part: Part
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SearchedList:
    """A list that was searched, so that *clear* says what it was clear of."""

    name: str
    list_class: ListClass
    entries: int


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything learnt about one file, before anyone decides anything.

    Without ``provenance_examined`` nobody looked for evidence of origin; with it, an empty ``provenance``
    says that none was found, which says nothing either way. ``name_claims`` is what the name's ending stands
    for, where the content is of another family.
    """

    name: str
    size: int
    kind: MediaKind
    mime: str
    scanned_at: datetime
    pictures: tuple[Picture, ...] = ()
    signals: tuple[Signal, ...] = ()
    unhashable: tuple[Unhashable, ...] = ()
    matches: tuple[Match, ...] = ()
    matches_capped: bool = False
    provenance: tuple[Provenance, ...] = ()
    provenance_examined: bool = False
    problems: tuple[Problem, ...] = ()
    searched: tuple[SearchedList, ...] = ()
    name_claims: MediaKind | None = None

    def signal(self, type_: str) -> Signal | None:
        """The first signal of a type, or None: ``observation.signal("sha256")``."""
        return next((s for s in self.signals if s.type == type_), None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an observation, and the rule of the policy that said so.

    ``reason`` is set exactly when the outcome is *unscanned*. ``limited`` says why a *clear* is weaker than
    usual: the picture was too plain to compare by likeness, only its digests were.
    """

    outcome: Outcome
    rule: str
    reason: UnscannedReason | None = None
    limited: UnhashableReason | None = None


@dataclass(frozen=True, slots=True)
class ScanResult:
    """One file's observation and the verdict that the policy drew from it."""

    observation: Observation
    verdict: Verdict
