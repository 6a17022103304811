"""The JSON form of a scan's result: one line a file, for other programs and for later.

What it leaves out, it leaves out on purpose. The value of a signal that equals a listed one is withheld, so
that a folder of results does not become a copy of the lists; for that reason, and for their number, digests
of single tensors are not told either. Hashes of turned and mirrored variants serve searching only. File
names are bytes to the operating system: ``name`` is their text, and where they are not UTF-8 the bytes
stand beside it as ``name_base64``, so that every name can be had back.

Within ``safelight.observation/1`` fields are only ever added; readers ignore those they do not know.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from safelight.errors import UsageError
from safelight.frames import VPDQ
from safelight.signals.weights import TENSORS
from safelight.types import (
    OBSERVATION_SCHEMA,
    Coverage,
    Grade,
    ListClass,
    Match,
    MediaKind,
    ModelLevel,
    Observation,
    Outcome,
    Part,
    Picture,
    Problem,
    Provenance,
    ScanResult,
    SearchedList,
    Signal,
    Span,
    Transform,
    Unhashable,
    UnhashableReason,
    UnscannedReason,
    Verdict,
)


def to_json(result: ScanResult, *, withhold: bool = True) -> str:
    """One line of ASCII JSON, without the line's end.

    ``withhold=False`` keeps the values of signals that equal listed ones; only for stores that are as well
    protected as the lists themselves.
    """
    return json.dumps(to_document(result, withhold=withhold), separators=(",", ":"))


def from_json(text: str) -> ScanResult:
    """Read a line back. Withheld values read as empty text, variants as none.

    Raises :class:`~safelight.errors.UsageError` when the text is no observation of this major version.
    """
    try:
        document = json.loads(text)
        schema = document["schema"]
        if schema != OBSERVATION_SCHEMA:
            raise UsageError(f"this reads {OBSERVATION_SCHEMA}, but the line says {schema!r}")
        return ScanResult(_observation(document), _verdict(document["verdict"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"not an observation: {error!r}") from error


def to_document(result: ScanResult, *, withhold: bool = True) -> dict[str, Any]:
    """The JSON form as plain values, as ``schemas/observation-1.json`` describes it."""
    seen, verdict = result.observation, result.verdict
    listed = {m.signal.value for m in seen.matches if m.distance == 0} if withhold else set()
    return {
        "schema": OBSERVATION_SCHEMA,
        **_name(seen.name),
        "size": seen.size,
        "kind": seen.kind.value,
        "mime": _text(seen.mime),
        "scanned_at": seen.scanned_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "verdict": {
            "outcome": verdict.outcome.value,
            "rule": _text(verdict.rule),
            "reason": verdict.reason and verdict.reason.value,
            "limited": verdict.limited and verdict.limited.value,
        },
        "matches": [_match_document(match) for match in seen.matches],
        "matches_capped": seen.matches_capped,
        "problems": _problems(seen),
        "searched": [
            {"name": _text(s.name), "class": s.list_class.value, "entries": s.entries} for s in seen.searched
        ],
        **_yielded(seen if not withhold else _without_tensors(seen), listed),
        "provenance": [
            {
                "kind": p.kind,
                "grade": p.grade.value,
                "summary": _text(p.summary),
                "detail": {_text(key): _text(_unlisted(value, listed)) for key, value in p.detail.items()},
            }
            for p in seen.provenance
        ],
        "provenance_examined": seen.provenance_examined,
        "name_claims": seen.name_claims and seen.name_claims.value,
    }


def _without_tensors(seen: Observation) -> Observation:
    """Without tensors of which no match speaks alone: matches of models tell shares, not which tensors."""
    told = {(match.signal.type, match.signal.part) for match in seen.matches}
    kept = tuple(s for s in seen.signals if s.type not in TENSORS or (s.type, s.part) in told)
    return replace(seen, signals=kept)


def to_hashes(seen: Observation) -> dict[str, Any]:
    """What a file yields before it is compared with anything, in the same words, as plain values."""
    return {
        **_name(seen.name),
        "size": seen.size,
        "kind": seen.kind.value,
        "mime": _text(seen.mime),
        "problems": _problems(seen),
        **_yielded(seen, frozenset()),
    }


def _unlisted(text: str, listed: Set[str]) -> str:
    """A text of the file's metadata, unless it names a listed value."""
    return "(a listed value)" if any(value in text for value in listed) else text


def _problems(seen: Observation) -> list[dict[str, Any]]:
    return [
        {"reason": p.reason.value, "part": _part(p.part), "detail": _text(p.detail)} for p in seen.problems
    ]


def _yielded(seen: Observation, withheld: Set[str]) -> dict[str, Any]:
    return {
        "pictures": [{"part": _part(p.part), "width": p.width, "height": p.height} for p in seen.pictures],
        "signals": [
            {
                "type": s.type,
                "value": None if _withheld(s, withheld) else s.value,
                "quality": s.quality,
                "part": _part(s.part),
            }
            for s in seen.signals
        ],
        "unhashable": [
            {"type": u.type, "reason": u.reason.value, "quality": u.quality, "part": _part(u.part)}
            for u in seen.unhashable
        ],
    }


def _withheld(signal: Signal, values: Set[str]) -> bool:
    """Whether a signal is a listed value; of a video, whether a frame is."""
    return signal.value in values or (signal.type == VPDQ and any(value in signal.value for value in values))


def _match_document(match: Match) -> dict[str, Any]:
    return {
        "signal": match.signal.type,
        "part": _part(match.signal.part),
        "list": _text(match.list),
        "class": match.list_class.value,
        "entry": _text(match.entry_key),
        "classification": match.classification and _text(match.classification),
        "distance": match.distance,
        "transform": match.transform.value,
        "shadow": match.shadow,
        "held": match.held,
        "level": match.level and match.level.value,
        "share": match.share,
        "coverage": match.coverage and {"query": match.coverage.query, "listed": match.coverage.listed},
        "spans": [{"start": s.start, "end": s.end, "listed": s.listed} for s in match.spans],
    }


def _text(text: str) -> str:
    """Text that every JSON reader accepts: no halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def _part(part: Part) -> str:
    return _text(str(part))


def _name(name: str) -> dict[str, str]:
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(name)
        return {"name": raw.decode("utf-8", "replace"), "name_base64": base64.b64encode(raw).decode()}
    return {"name": name}


def _observation(document: dict[str, Any]) -> Observation:
    signals = {
        (s["type"], s["part"]): Signal(s["type"], s["value"] or "", s["quality"], Part.parse(s["part"]))
        for s in document["signals"]
    }
    raw = document.get("name_base64")
    return Observation(
        name=document["name"] if raw is None else os.fsdecode(base64.b64decode(raw, validate=True)),
        size=document["size"],
        kind=MediaKind(document["kind"]),
        mime=document["mime"],
        scanned_at=datetime.fromisoformat(document["scanned_at"]),
        pictures=tuple(Picture(Part.parse(p["part"]), p["width"], p["height"]) for p in document["pictures"]),
        signals=tuple(signals.values()),
        unhashable=tuple(
            Unhashable(u["type"], UnhashableReason(u["reason"]), u["quality"], Part.parse(u["part"]))
            for u in document["unhashable"]
        ),
        matches=tuple(_match(m, signals[m["signal"], m["part"]]) for m in document["matches"]),
        matches_capped=document["matches_capped"],
        provenance=tuple(
            Provenance(p["kind"], Grade(p["grade"]), p["summary"], p["detail"])
            for p in document["provenance"]
        ),
        provenance_examined=document.get("provenance_examined", False),
        name_claims=MediaKind(claimed) if (claimed := document.get("name_claims")) else None,
        problems=tuple(
            Problem(UnscannedReason(p["reason"]), Part.parse(p["part"]), p["detail"])
            for p in document["problems"]
        ),
        searched=tuple(
            SearchedList(s["name"], ListClass(s["class"]), s["entries"]) for s in document["searched"]
        ),
    )


def _match(m: dict[str, Any], signal: Signal) -> Match:
    return Match(
        signal=signal,
        list=m["list"],
        list_class=ListClass(m["class"]),
        entry_key=m["entry"],
        classification=m["classification"],
        distance=m["distance"],
        transform=Transform(m["transform"]),
        shadow=m["shadow"],
        held=m["held"],
        level=ModelLevel(level) if (level := m.get("level")) else None,
        share=m.get("share"),
        coverage=Coverage(coverage["query"], coverage["listed"]) if (coverage := m.get("coverage")) else None,
        spans=tuple(Span(s["start"], s["end"], s["listed"]) for s in m.get("spans", ())),
    )


def _verdict(v: dict[str, Any]) -> Verdict:
    return Verdict(
        Outcome(v["outcome"]),
        v["rule"],
        reason=v["reason"] and UnscannedReason(v["reason"]),
        limited=v["limited"] and UnhashableReason(v["limited"]),
    )
