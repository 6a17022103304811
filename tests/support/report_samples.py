"""Reports made from the model's own declarations: one with everything in it, and many random ones."""

from __future__ import annotations

import ipaddress
from dataclasses import is_dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from typing import Any

from hypothesis import Phase
from hypothesis import strategies as st

from safelight.hotlines import model
from safelight.hotlines.codes import NEWER_FLAGS, US_STATES
from safelight.hotlines.wire import Form, Slot, slots_of

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""The present of these tests."""
BEFORE = AT - timedelta(days=40)
PHASES = (Phase.explicit, Phase.generate)
"""Shrinking a whole report takes minutes, and the report that failed says enough."""
VARIANTS = (
    model.WebPage, model.EmailIncident, model.Newsgroup, model.Chat, model.OnlineGaming, model.CellPhone,
    model.NonInternet, model.PeerToPeer,
)  # fmt: skip


def full(cls: type) -> Any:
    """One of a class with every field filled, save what newer documentation adds."""
    return cls(**{slot.name: _filled(slot) for slot in slots_of(cls) if _sent(slot)})


def full_report() -> model.Report:
    """Every element and attribute that a report can have, legal or not together."""
    return full(model.Report)


def legal_report() -> model.Report:
    """As full as the rules allow."""
    report = full(model.Report)
    linked = replace(report.reported[0].associated_accounts[0], approximate_age=None)
    return replace(
        report,
        batched=None,
        reported=(replace(report.reported[0], associated_accounts=(linked,)),),
        victims=(replace(report.victims[0], associated_accounts=(linked,)),),
    )


def legal_file() -> model.FileDetails:
    """As full as the rules allow."""
    return replace(full(model.FileDetails), potential_meme=None, relevance=model.FileRelevance.REPORTED)


def _sent(slot: Slot) -> bool:
    return slot.wire.form is not Form.UNSENT and not slot.wire.newer


def _filled(slot: Slot) -> Any:
    if slot.wire.form is Form.FLAGS:
        return frozenset(slot.holds) - NEWER_FLAGS
    if slot.wire.form is Form.CHOICE:
        return tuple(full(variant) for variant in VARIANTS)
    value = _one(slot)
    return (value,) if slot.many else value


def _one(slot: Slot) -> Any:  # noqa: PLR0911
    holds = slot.holds
    if is_dataclass(holds):
        return full(holds)
    if issubclass(holds, Enum):
        return next(iter(holds))
    if holds is bool:
        return True
    if holds is datetime:
        return BEFORE + timedelta(days=1 if "reenabled" in slot.name else 0)
    if holds is date:
        return date(2000, 2, 29)
    if holds in (int, float):
        return holds(slot.wire.least or 1)
    return _words(slot)


def _words(slot: Slot) -> str:
    if slot.wire.url:
        return "https://example.org/a?b=1&c=<2>"
    told = {
        "ip_address": "192.0.2.1", "country_calling_code": "+44", "extension": "12", "number": "7700 900123",
        "state": "CA", "country": "US", "country_code": "US", "flea_country": "FR", "region": "CA",
    }  # fmt: skip
    if slot.name == "address" and slot.wire.form is Form.TEXT:
        return "somebody@example.org"
    return told.get(slot.name, "Words & <signs> ß 中")


# Random ones, all of them legal.

_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
_TEXT = st.text(_LETTERS, min_size=1, max_size=12).map(str.strip).filter(bool)
_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_TIMES = st.datetimes(datetime(1971, 1, 2), datetime(2026, 10, 1), timezones=_ZONES)  # noqa: DTZ001
_DATES = st.dates(date(1900, 1, 1), date(2026, 10, 1))
_ADDRESSES = st.sampled_from(["somebody@example.org", "a.b+c@mail.example"])


def reports() -> st.SearchStrategy[model.Report]:
    """Random reports that keep every rule."""
    return st.builds(
        model.Report,
        summary=_of(model.IncidentSummary),
        internet_details=st.lists(st.one_of(*map(_of, VARIANTS)), max_size=3).map(tuple),
        law_enforcement=st.none() | _of(model.LawEnforcement),
        reporter=_of(model.Reporter, reporting_person=_of(model.Person, emails=_some(_email(), least=1))),
        reported=st.lists(_of(model.Reported, person=_known_person()), min_size=1, max_size=1).map(tuple),
        recipients=_some(_of(model.Recipient)),
        victims=_some(_of(model.Victim)),
        additional_info=st.none() | _TEXT,
    )


def files() -> st.SearchStrategy[model.FileDetails]:
    """Random details of files that keep every rule."""
    return _of(model.FileDetails).map(_mended_file)


def _known_person() -> st.SearchStrategy[model.Person]:
    """Of whom every address is told that an incident may name."""
    known = tuple(model.Email(address=address) for address in ("somebody@example.org", "a.b+c@mail.example"))
    return _of(model.Person, emails=st.just(known))


def _mended_file(details: model.FileDetails) -> model.FileDetails:
    mended = replace(
        details, exif_viewed_by_esp=details.exif_viewed_by_esp if details.viewed_by_esp else None
    )
    if mended.annotations:
        mended = replace(mended, potential_meme=None)
    if mended.relevance is model.FileRelevance.SUPPLEMENTAL:
        mended = replace(mended, potential_meme=None, industry_classification=None,
                         annotations=mended.annotations - {model.FileFlag.POTENTIAL_MEME})  # fmt: skip
    return mended


def _of(cls: type, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    made = {
        slot.name: given[slot.name] if slot.name in given else _strategy(cls, slot)
        for slot in slots_of(cls)
        if _sent(slot)
    }
    return st.builds(cls, **made).map(_mended)


def _some(one: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, min_size=least, max_size=max(least, 1)).map(tuple)


def _email() -> st.SearchStrategy[model.Email]:
    return _of(model.Email)


def _strategy(cls: type, slot: Slot) -> st.SearchStrategy[Any]:
    if slot.wire.form is Form.FLAGS:
        return st.frozensets(st.sampled_from(sorted(set(slot.holds) - NEWER_FLAGS)))
    one = _leaf(cls, slot)
    if slot.many:
        return _some(one, least=1 if slot.name == "pairs" else 0)
    return st.none() | one if slot.optional else one


def _leaf(cls: type, slot: Slot) -> st.SearchStrategy[Any]:  # noqa: PLR0911
    holds, wire = slot.holds, slot.wire
    if is_dataclass(holds):
        return _of(holds)
    if issubclass(holds, Enum):
        return st.sampled_from(list(holds))
    if holds is bool:
        return st.booleans()
    if holds is datetime:
        return _TIMES
    if holds is date:
        return _DATES
    if holds is int:
        return st.integers(int(wire.least or 0), int(wire.greatest or 2**53))
    if holds is float:
        return st.floats(wire.least, wire.greatest)
    return _text(cls, slot)


def _text(cls: type, slot: Slot) -> st.SearchStrategy[str]:
    if slot.wire.url:
        return st.sampled_from(["https://example.org/", "http://[2001:db8::1]/a?b=<&>"])
    if slot.wire.among is not None:
        return st.sampled_from(sorted(slot.wire.among))
    if cls is model.Email:
        return _ADDRESSES
    told = {
        "ip_address": st.ip_addresses().map(str) | st.just(str(ipaddress.ip_address("::ffff:192.0.2.9"))),
        "country_calling_code": st.sampled_from(["+1", "+44", "+886"]),
        "extension": st.sampled_from(["0", "4711"]),
        "number": st.sampled_from(["7700 900123", "555-0100"]),
        "region": st.sampled_from(sorted(US_STATES)),
    }
    return told.get(slot.name, _TEXT)


def _mended(part: Any) -> Any:  # noqa: PLR0911
    """The same without what breaks a rule about several of its fields."""
    match part:
        case model.Phone() | model.Email() if not part.verified:
            return replace(part, verification_date=None)
        case model.TemporarilyDisabled():
            return replace(part, user_notified_date=None, reenabled_date=None)
        case model.PermanentlyDisabled():
            return replace(part, user_notified_date=None)
        case model.AssociatedAccount() if part.approximate_age is not None:
            return replace(part, date_of_birth=None)
        case model.EstimatedLocation():
            return replace(part, country_code="US" if part.region else "FR")
        case model.Address() if part.state:
            return replace(part, country="US")
        case _:
            return part
