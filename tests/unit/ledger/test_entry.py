"""A ledger row has one form, holds no content, and shows every changed byte."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import LedgerMalformed
from safelight.ledger.entry import Entry, Event, LedgerEvent, Payload, VaultEvent
from safelight.ledger.tree import leaf_hash

ENTRY = Entry(
    id=UUID("0190f0b2-7c1e-7abc-8def-0123456789ab"),
    at=datetime(2026, 3, 1, 12, 30, 5, 7, tzinfo=UTC),
    event=VaultEvent.SEALED,
    actor="p-4f1c",
    subject="0190f0b2-7c1e-7abc-8def-0123456789ac",
    payload_digest=bytes(range(32)),
)

pseudonyms = st.from_regex(r"[A-Za-z0-9._:-]{0,64}", fullmatch=True)
entries = st.builds(
    Entry,
    id=st.uuids(),
    at=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])).filter(
        lambda at: 1 < at.year < 9999
    ),
    event=st.sampled_from([*VaultEvent, *LedgerEvent, "later_room.something.happened"]),
    actor=pseudonyms,
    subject=pseudonyms,
    payload_digest=st.binary(min_size=32, max_size=32),
)


def test_the_canonical_form_is_this() -> None:
    """Written out, because every ledger ever signed depends on it."""
    assert ENTRY.canonical().decode() == (
        '{"actor":"p-4f1c","at":"2026-03-01T12:30:05.000007Z","event":"vault.sealed",'
        '"id":"0190f0b2-7c1e-7abc-8def-0123456789ab",'
        '"payload":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",'
        '"schema":"safelight.ledger/1","subject":"0190f0b2-7c1e-7abc-8def-0123456789ac"}'
    )


@given(entries)
def test_a_row_reads_back_and_equal_moments_have_equal_bytes(entry: Entry) -> None:
    raw = entry.canonical()
    assert Entry.parse(raw).canonical() == raw
    assert Entry.parse(raw) == replace(entry, at=entry.at.astimezone(UTC))


@given(entries)
def test_no_character_of_a_row_is_ever_escaped(entry: Entry) -> None:
    raw = entry.canonical()
    assert raw.isascii()
    assert b"\\" not in raw
    assert (
        json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == raw
    )


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_every_altered_byte_changes_the_leaf_and_no_other_form_is_read(flip: int) -> None:
    raw = ENTRY.canonical()
    accepted = []
    for position in range(len(raw)):
        altered = bytearray(raw)
        altered[position] ^= flip
        assert leaf_hash(bytes(altered)) != leaf_hash(raw)
        try:
            entry = Entry.parse(bytes(altered))
        except LedgerMalformed:
            continue
        accepted.append(entry)
    assert ENTRY not in accepted


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "7", '{"id":7}', "\xff", "[" * 100_000])
def test_what_is_no_row_is_refused(text: str) -> None:
    with pytest.raises(LedgerMalformed):
        Entry.parse(text.encode("latin-1"))


def test_other_spellings_of_the_same_row_are_refused() -> None:
    raw = ENTRY.canonical()
    for other in (
        raw + b"\n",
        raw.replace(b",", b", "),
        raw.replace(b"0190f0b2-7c1e", b"0190F0B2-7C1E"),
        raw.replace(b'"0190f0b2-7c1e-7abc-8def-0123456789ab"', b'"{0190f0b2-7c1e-7abc-8def-0123456789ab}"'),
        raw.replace(b'{"actor"', b'{"actor":"x","actor"'),
        raw.replace(b'"}', b'","zz":"1"}'),
    ):
        assert other != raw
        with pytest.raises(LedgerMalformed):
            Entry.parse(other)


@pytest.mark.parametrize(
    "change",
    [
        {"at": datetime(2026, 3, 1)},  # noqa: DTZ001 - the point of the test
        {"event": "sealed"},
        {"event": "Vault.sealed"},
        {"event": "vault." + "x" * 60},
        {"actor": "Ana Example"},
        {"actor": "ana@example.org"},
        {"subject": "x" * 65},
        {"subject": 'a"b'},
        {"payload_digest": bytes(31)},
    ],
)
def test_text_names_and_halves_do_not_get_in(change: dict[str, object]) -> None:
    with pytest.raises(LedgerMalformed):
        replace(ENTRY, **change)  # type: ignore[arg-type]


def test_later_rooms_add_their_own_events() -> None:
    class ReviewEvent(Event):
        OPENED = "review.opened"

    assert b'"event":"review.opened"' in replace(ENTRY, event=ReviewEvent.OPENED).canonical()


def test_a_payload_belongs_to_its_row_and_equal_bodies_cannot_be_told() -> None:
    payload, same_body = Payload.of(b"details"), Payload.of(b"details")
    entry = replace(ENTRY, payload_digest=payload.digest())
    assert payload.belongs_to(entry)
    assert not Payload(b"detailz", payload.salt).belongs_to(entry)
    assert not same_body.belongs_to(entry)
    assert b"details" not in entry.canonical()
    assert "details" not in repr(payload)
