"""How a field of the report's model is told to the hotline: declared once, where the field is.

The XML, the checks of lengths and times, and the forms of the console all walk the same declarations, so that
none of them can differ from the others. The order of a dataclass's fields is the order of the elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum, auto
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints


class Form(Enum):
    """What a field becomes in XML."""

    ELEMENT = auto()
    ATTRIBUTE = auto()
    TEXT = auto()
    """The text of the element itself."""
    FLAGS = auto()
    """One element with an empty child for each member: to leave one out is the only way to say no."""
    CHOICE = auto()
    """An element that holds exactly one of several, each named by its own class."""
    UNSENT = auto()
    """It tells variants apart in the stored form only."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How one field is told. An empty ``name`` is the field's own in camel case.

    ``most`` is a length in characters; ``least`` and ``greatest`` bound numbers. ``past`` is a time that has
    to lie in the past, ``filled`` a text that may not be blank, ``among`` the known codes, ``long`` a text of
    several lines. ``newer`` is told in newer documentation only, so that nothing but the operator's
    own copy of the schema can say whether the service takes it.
    """

    name: str = ""
    form: Form = Form.ELEMENT
    most: int | None = None
    least: float | None = None
    greatest: float | None = None
    past: bool = False
    url: bool = False
    filled: bool = False
    among: frozenset[str] | None = None
    long: bool = False
    newer: bool = False


PLAIN: Final = Wire()


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a class of the model: its Python name, how it is told, and what it holds.

    ``holds`` is the type of one value: of one member where there may be many. ``needed`` fields have to be
    given; ``optional`` ones may be None.
    """

    name: str
    wire: Wire
    holds: Any
    many: bool
    needed: bool
    optional: bool

    @property
    def wire_name(self) -> str:
        """The name of the element or attribute."""
        return self.wire.name or _camel_case(self.name)


@dataclass(frozen=True, slots=True)
class Node:
    """One record somewhere in a report, and its address; the report's own is empty."""

    path: str
    part: Any


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value somewhere in a report, and its address: ``reported[0].ip_events[2].port``."""

    path: str
    slot: Slot
    value: Any


_read: Final[dict[type, tuple[Slot, ...]]] = {}


def slots_of(model: type) -> tuple[Slot, ...]:
    """The fields of a class of the model, in the hotline's order."""
    if model not in _read:
        hints = get_type_hints(model, include_extras=True)
        _read[model] = tuple(
            _slot(one.name, hints[one.name], one.default is MISSING and one.default_factory is MISSING)
            for one in fields(model)
        )
    return _read[model]


def values_of(part: Any, slot: Slot) -> tuple[Any, ...]:  # noqa: ANN401 - any class of the model
    """What a field holds, none or one or many alike. Flags come in the order of their enumeration."""
    value = getattr(part, slot.name)
    if slot.wire.form is Form.FLAGS:
        return tuple(member for member in slot.holds if member in value)
    if slot.many:
        return tuple(value)
    return () if value is None else (value,)


def nodes(part: Any, path: str = "") -> Iterator[Node | Leaf]:  # noqa: ANN401 - any class of the model
    """Everything in a report, or in a part of one: records before what is in them."""
    yield Node(path, part)
    for slot in slots_of(type(part)):
        if slot.wire.form is Form.UNSENT:
            continue
        for number, value in enumerate(values_of(part, slot)):
            place = f"{path}.{slot.name}".lstrip(".")
            if slot.many and slot.wire.form is not Form.FLAGS:
                place += f"[{number}]"
            if is_dataclass(value):
                yield from nodes(value, place)
            else:
                yield Leaf(place, slot, value)


def _slot(name: str, hint: Any, needed: bool) -> Slot:  # noqa: ANN401 - a type, of any kind
    wire = PLAIN
    if get_origin(hint) is Annotated:
        hint, *told = get_args(hint)
        wire = next((one for one in told if isinstance(one, Wire)), PLAIN)
    many = get_origin(hint) in (tuple, frozenset)
    holds = get_args(hint)[0] if many else _without_none(hint)
    return Slot(name, wire, holds, many, needed, not many and holds is not hint)


def _without_none(hint: Any) -> Any:  # noqa: ANN401 - a type, of any kind
    if get_origin(hint) in (Union, UnionType):
        there = [one for one in get_args(hint) if one is not NoneType]
        return there[0] if len(there) == 1 else Union[tuple(there)]  # noqa: UP007 - made at run time
    return hint


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)
