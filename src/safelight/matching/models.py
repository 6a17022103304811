"""From tensors that are listed to how far a file is a listed model: one match a model, with its share.

A listed model is one entry key with an entry for each distinctive tensor. What :func:`weight_flags` writes
into an entry's flags says which tensor of the model it is and how much of the model's distinctive bytes that
tensor makes up, so that shares are added up from what was found alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from safelight.lists.store import HELD, HashListInfo, StoredEntry
from safelight.signals.weights import AUTOV1, AUTOV2, AUTOV3, CLAIMED, TENSORS, TSID
from safelight.types import ListClass, Match, ModelLevel, Part, Signal

OTHER_PRECISION: Final = 0.95
DERIVED: Final = 0.5
DERIVED_TENSORS: Final = 8
LEAD: Final = 0.1
"""Shares of a listed model's distinctive bytes from which a file is that much of it. Below a tenth, models
that were trained from one base have enough in common. For a lead, tensors of nearly the same order count."""

_MILLION: Final = 1_000_000
_SAME: Final = frozenset({"sha256", AUTOV3.name, TSID.name})


def weight_flags(number: int, share: float) -> frozenset[str]:
    """The flags of the entries of one tensor: its number within the model, its share (0-1) of the whole."""
    return frozenset({f"tensor:{number}", f"millionths:{round(share * _MILLION)}"})


def level_of(signal: Signal) -> ModelLevel | None:
    """What an equal value of this type says of a model; None for types that are not of models."""
    if signal.part == CLAIMED or signal.type in {AUTOV1.name, AUTOV2.name}:
        return ModelLevel.LEAD
    return ModelLevel.SAME_WEIGHTS if signal.type in {AUTOV3.name, TSID.name} else None


@dataclass(slots=True)
class _Weighed:
    """The tensors of one listed model that one file holds."""

    first: Signal
    entry: StoredEntry
    millionths: dict[str, int] = field(default_factory=dict)
    alike: dict[str, int] = field(default_factory=dict)
    held: bool = False

    def take(self, entry: StoredEntry, *, equal: bool) -> None:
        told = dict(flag.split(":", 1) for flag in entry.flags if ":" in flag)
        number, amount = told.get("tensor", ""), told.get("millionths", "")
        if amount.isdecimal():
            (self.millionths if equal else self.alike)[number] = int(amount)
        self.held = self.held or HELD in entry.flags

    @property
    def share(self) -> float:
        return min(1.0, sum(self.millionths.values()) / _MILLION)

    @property
    def likeness(self) -> float:
        """The share of what is equal or alike."""
        return min(1.0, sum({**self.alike, **self.millionths}.values()) / _MILLION)

    @property
    def level(self) -> ModelLevel | None:
        if self.share >= OTHER_PRECISION:
            return ModelLevel.OTHER_PRECISION
        if self.share >= DERIVED and len(self.millionths) >= DERIVED_TENSORS:
            return ModelLevel.DERIVED
        # An entry without weight came from a list of bare digests: nothing says how much of a model it is.
        bare = not self.millionths and not self.alike
        return ModelLevel.LEAD if bare or self.likeness >= LEAD else None


def weigh(
    found: Iterable[tuple[Signal, StoredEntry]],
    alike: Iterable[tuple[Signal, StoredEntry]],
    signals: Iterable[Signal],
    lists: Mapping[str, HashListInfo],
) -> tuple[Match, ...]:
    """One match for each listed model that a file holds enough of, strongest first.

    ``found`` is every equality of the file's signals with entries, ``alike`` every sketch that comes near a
    listed one, which makes a lead at most. A tensor that a known-good list has (that of a benign base model)
    counts for nothing; a model found to be the same by a stronger hash is not told again.
    """
    found, alike = tuple(found), tuple(alike)
    benign = {
        signal.part
        for signal, entry in (*found, *alike)
        if signal.type in TENSORS and _vouches(entry, lists[entry.list])
    }
    same = {
        (entry.list, entry.key, signal.part)
        for signal, entry in found
        if signal.type in _SAME and signal.part != CLAIMED
    }
    weighed: dict[tuple[str, str, Part], _Weighed] = {}
    for (signal, entry), equal in (*((each, True) for each in found), *((each, False) for each in alike)):
        holder = Part(signal.part.members[:-1])
        where = entry.list, entry.key, holder
        if signal.type in TENSORS and signal.part not in benign and where not in same:
            weighed.setdefault(where, _Weighed(signal, entry)).take(entry, equal=equal)
    wholes = {signal.part: signal for signal in signals if signal.type == TSID.name}
    told = [
        _match(wholes.get(holder, each.first), each, level, lists[list_])
        for (list_, _, holder), each in weighed.items()
        if (level := each.level) is not None
    ]
    return tuple(sorted(told, key=lambda match: -(match.share or 0)))


def _vouches(entry: StoredEntry, info: HashListInfo) -> bool:
    """Whether an entry says of a tensor that it is a benign model's; a list on trial or held says nothing."""
    return info.list_class is ListClass.KNOWN_GOOD and not (info.shadow or info.held or HELD in entry.flags)


def _match(signal: Signal, weighed: _Weighed, level: ModelLevel, info: HashListInfo) -> Match:
    return Match(
        signal,
        info.name,
        weighed.entry.list_class or info.list_class,
        weighed.entry.key,
        weighed.entry.classification,
        shadow=info.shadow,
        held=info.held or weighed.held,
        level=level,
        share=weighed.share if weighed.millionths or weighed.alike else None,
    )
