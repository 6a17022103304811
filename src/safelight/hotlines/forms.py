"""A report's parts as a form and back: derived from the model's declarations, so that no field is forgotten.

A form is a flat set of names, which are the addresses of :mod:`.wire`; texts of several values are a line
each. It knows no web framework: what a page shows is :class:`Entry`, and what comes back is names and texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum, StrEnum
from typing import Any, Final, get_args

from safelight.hotlines.wire import Form, Slot, slots_of

Posted = Mapping[str, Sequence[str]]
"""What a form sent: texts by name, several where a name stands several times."""
_HERE: Final = "1"


class Kind(StrEnum):
    """How an entry is shown."""

    TEXT = "text"
    LONG = "long"
    LINES = "lines"
    NUMBER = "number"
    TIME = "time"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"
    FLAGS = "flags"
    RECORD = "record"
    """Several entries together: they can be taken out."""
    ADD = "add"
    """A button that adds a record."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on the form. ``name`` is its address; ``values`` what stands there; ``wrong`` why not so.

    ``kind_of`` names the variant of a record that has variants.
    """

    name: str
    title: str
    kind: Kind
    values: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    most: int | None = None
    needed: bool = False
    entries: tuple[Entry, ...] = ()
    kind_of: str = ""
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What came back: the part, or, where something cannot be read, why, by name."""

    part: Any
    wrong: Mapping[str, str]


def entries_of(part: Any, path: str = "", *, hidden: frozenset[str] = frozenset()) -> tuple[Entry, ...]:  # noqa: ANN401
    """The form of one part of a report. ``hidden`` are names of fields that no person fills in."""
    return tuple(
        entry
        for slot in slots_of(type(part))
        if slot.wire.form is not Form.UNSENT and slot.name not in hidden
        for entry in _entries(part, slot, f"{path}.{slot.name}".lstrip("."))
    )


def entries_of_field(part: Any, name: str) -> tuple[Entry, ...]:  # noqa: ANN401
    """The form of one field of a part: of a report's victims, say."""
    slot = next(one for one in slots_of(type(part)) if one.name == name)
    return _entries(part, slot, name)


def read_part(model: type, posted: Posted, path: str = "", *, keep: Mapping[str, Any] | None = None) -> Read:
    """Read a part back. ``keep`` are fields that no person fills in, as they were."""
    given: dict[str, Any] = dict(keep or {})
    wrong: dict[str, str] = {}
    for slot in slots_of(model):
        if slot.wire.form is Form.UNSENT or slot.name in given:
            continue
        given[slot.name] = _read(slot, posted, f"{path}.{slot.name}".lstrip("."), wrong)
    return Read(None if wrong else model(**given), wrong)


def read_field(model: type, name: str, posted: Posted) -> Read:
    """Read one field of a part back."""
    wrong: dict[str, str] = {}
    slot = next(one for one in slots_of(model) if one.name == name)
    return Read(_read(slot, posted, name, wrong), wrong)


def as_typed(entries: Sequence[Entry], posted: Posted, wrong: Mapping[str, str]) -> tuple[Entry, ...]:
    """The same form with what was typed into it, so that nobody has to type it again, and what is wrong."""
    return tuple(
        replace(
            entry,
            values=tuple(posted[entry.name]) if entry.name in posted else entry.values,
            wrong=wrong.get(entry.name, ""),
            entries=as_typed(entry.entries, posted, wrong),
        )
        for entry in entries
    )


def variants_of(slot: Slot) -> dict[str, type]:
    """The classes of a field that holds exactly one of several, by the names by which they are told apart."""
    return {one.__dataclass_fields__["kind"].default: one for one in get_args(get_args(slot.holds)[0])}


def _entries(part: Any, slot: Slot, path: str) -> tuple[Entry, ...]:  # noqa: ANN401
    value = getattr(part, slot.name)
    title = slot.name.replace("_", " ")
    if slot.wire.form is Form.CHOICE:
        choices = tuple((name, name) for name in variants_of(slot))
        there = tuple(_record(one, slot, f"{path}[{n}]", title) for n, one in enumerate(value))
        return (*there, Entry(path, title, Kind.ADD, choices=choices))
    if is_dataclass(slot.holds):
        if slot.many:
            there = tuple(_record(one, slot, f"{path}[{n}]", title) for n, one in enumerate(value))
            return (*there, Entry(path, title, Kind.ADD))
        if value is not None:
            return (_record(value, slot, path, title),)
        return (Entry(path, title, Kind.ADD),)
    return (_leaf(slot, path, title, value),)


def _record(value: Any, slot: Slot, path: str, title: str) -> Entry:  # noqa: ANN401
    kind = getattr(value, "kind", "") if slot.wire.form is Form.CHOICE else ""
    needed = not slot.many and not slot.optional
    return Entry(
        path,
        title,
        Kind.RECORD,
        (kind or _HERE,),
        needed=needed,
        entries=entries_of(value, path),
        kind_of=kind,
    )


def _leaf(slot: Slot, path: str, title: str, value: Any) -> Entry:  # noqa: ANN401
    holds, most = slot.holds, slot.wire.most
    if slot.wire.form is Form.FLAGS:
        choices = tuple((str(one), str(one)) for one in slot.holds)
        return Entry(path, title, Kind.FLAGS, tuple(str(one) for one in slot.holds if one in value), choices)
    if slot.many:
        return Entry(path, title, Kind.LINES, ("\n".join(map(str, value)),), most=most)
    values = () if value is None else (_text(value),)
    needed = slot.needed or not slot.optional
    if isinstance(holds, type) and issubclass(holds, Enum):
        return Entry(path, title, Kind.CHOICE, values, tuple((o, o) for o in map(str, holds)), needed=needed)
    kinds = {bool: Kind.YES_NO, int: Kind.NUMBER, float: Kind.NUMBER, datetime: Kind.TIME, date: Kind.DATE}
    kind = kinds.get(holds, Kind.LONG if slot.wire.long else Kind.TEXT)
    return Entry(path, title, kind, values, most=most, needed=needed)


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _read(slot: Slot, posted: Posted, path: str, wrong: dict[str, str]) -> Any:  # noqa: ANN401
    if slot.wire.form is Form.FLAGS:
        told = set(posted.get(path, ()))
        return frozenset(one for one in slot.holds if str(one) in told)
    if slot.wire.form is Form.CHOICE or is_dataclass(slot.holds):
        return _read_records(slot, posted, path, wrong)
    texts = posted.get(path, ())
    text = texts[0].replace("\r\n", "\n") if texts else ""
    if slot.many:
        return tuple(_value(slot, line.strip(), path, wrong) for line in text.split("\n") if line.strip())
    if not text.strip():
        if slot.optional:
            return None
        if slot.holds is not str:
            wrong[path] = "Choose or fill in something here."
        return "" if slot.holds is str else None
    return _value(slot, text if slot.wire.long else text.strip(), path, wrong)


def _read_records(slot: Slot, posted: Posted, path: str, wrong: dict[str, str]) -> Any:  # noqa: ANN401
    added, removed = (posted.get(act, ("",))[0] for act in ("add", "remove"))
    variants = variants_of(slot) if slot.wire.form is Form.CHOICE else {}

    def one(place: str, kind: str) -> Any:  # noqa: ANN401
        model = variants.get(kind) if variants else slot.holds
        if model is None:
            wrong[place] = "There is no such kind."
            return None
        read = read_part(model, posted, place)
        wrong.update(read.wrong)
        return read.part

    if not slot.many:
        if path in posted and removed != path:
            return one(path, "")
        if added == path or not slot.optional:
            return _empty(slot.holds)
        return None
    found, number = [], 0
    while (place := f"{path}[{number}]") in posted:
        if removed != place:
            found.append(one(place, posted[place][0]))
        number += 1
    if added == path:
        kind = posted.get(f"{path}:kind", ("",))[0]
        model = variants.get(kind) if variants else slot.holds
        if model is not None:
            found.append(_empty(model))
    return tuple(found)


def _empty(model: type) -> Any:  # noqa: ANN401
    """A record with nothing in it: what has to be given is given as empty text."""
    return model(**{slot.name: "" for slot in slots_of(model) if slot.needed})


def _value(slot: Slot, text: str, path: str, wrong: dict[str, str]) -> Any:  # noqa: ANN401
    holds = slot.holds
    try:
        if issubclass(holds, Enum):
            return holds(text)
        if holds is bool:
            return {"yes": True, "no": False}[text]
        if holds is datetime:
            return _time(text)
        if holds is date:
            return date.fromisoformat(text)
        return holds(text)
    except (ValueError, KeyError, OverflowError):
        wrong[path] = _MEND.get(holds, "This is none of the choices.")
        return None


def _time(text: str) -> datetime:
    """With a zone; one without is of UTC, as the form says."""
    told = datetime.fromisoformat(text)
    return told if told.utcoffset() is not None else told.replace(tzinfo=UTC)


_MEND: Final[dict[type, str]] = {
    int: "This is no whole number.",
    float: "This is no number.",
    bool: "Choose yes or no, or neither.",
    datetime: "Write the time as 2026-11-22T17:05:00+00:00. Without a zone it is UTC.",
    date: "Write the date as 2026-11-22.",
}
