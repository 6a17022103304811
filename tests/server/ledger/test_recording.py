"""An event is in the ledger exactly if what it describes is in the database, and holds no names."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from django.db import transaction

from safelight.errors import LedgerMalformed
from safelight.ledger.entry import VaultEvent
from safelight.server.ids import new_id
from safelight.server.ledger.events import Event
from safelight.server.ledger.models import LedgerPayload, LedgerPending, LedgerRow
from safelight.server.ledger.pseudonyms import pseudonym, pseudonyms
from safelight.server.ledger.services import NO_PAYLOAD, record
from safelight.server.people.actors import PersonActor, SystemActor
from safelight.server.people.models import Person

WEB = SystemActor("web")
SUBJECT = UUID("0190f0b2-0000-7000-8000-000000000001")


def test_an_event_outside_a_transaction_is_refused(committing_db):
    with pytest.raises(transaction.TransactionManagementError, match="transaction that it describes"):
        record(Event.JOB_RETRIED, WEB)
    assert not LedgerRow.objects.exists()


def test_an_event_goes_when_its_transaction_does(committing_db):
    with transaction.atomic():
        record(Event.JOB_RETRIED, WEB, payload={"why": "because"})
        transaction.set_rollback(True)
    assert not LedgerRow.objects.exists()
    assert not LedgerPayload.objects.exists()
    assert not LedgerPending.objects.exists()


def test_the_row_says_what_happened_without_names_and_the_details_fit_its_digest(db):
    person = Person.objects.create_user("someone@example.org", name="Someone")
    actor = PersonActor(person, "session", second_factor=True)
    record(Event.ROLE_REVOKED, actor, subject=SUBJECT, payload={"reason": "they left", "n": 1.5, "a": None})
    row = LedgerRow.objects.get()
    assert row.event == "role.revoked"
    assert row.actor == f"person:{pseudonym(person.pk)}"
    assert row.subject == pseudonym(SUBJECT)
    assert person.pk.hex not in row.actor + row.subject
    details = row.payload.details()
    assert details.belongs_to(row.entry())
    assert details.body == b'{"a":null,"n":1.5,"reason":"they left"}'
    assert json.loads(details.body)["reason"] == "they left"


def test_the_same_details_have_another_digest_each_time(db):
    for _ in range(2):
        record(Event.ROLE_REVOKED, WEB, payload={"reason": "they left"})
    first, second = LedgerRow.objects.all()
    assert bytes(first.payload_digest) != bytes(second.payload_digest)


def test_an_event_without_details_has_none_to_erase(db):
    record(Event.SIGNED_OUT, WEB)
    assert bytes(LedgerRow.objects.get().payload_digest) == NO_PAYLOAD
    assert not LedgerPayload.objects.exists()


def test_who_acts_and_who_is_acted_on_go_by_the_same_name(db):
    person = Person.objects.create_user("someone@example.org")
    record(Event.SIGNED_IN, PersonActor(person, "", second_factor=False), subject=person.pk)
    row = LedgerRow.objects.get()
    assert row.actor == f"person:{row.subject}"
    assert row.subject in pseudonyms(person.pk)
    assert pseudonym(person.pk) != pseudonym(new_id())


def test_rooms_bring_their_own_events(db):
    record(VaultEvent.SEALED, WEB, subject=SUBJECT)
    assert LedgerRow.objects.get().event == "vault.sealed"


@pytest.mark.parametrize("process", ["a name with spaces", "ü", "x" * 60])
def test_an_actor_is_a_plain_name(db, process):
    with pytest.raises(LedgerMalformed):
        record(Event.SIGNED_OUT, SystemActor(process))
    assert not LedgerRow.objects.exists()


def test_details_that_json_does_not_know_are_refused(db):
    with pytest.raises(ValueError, match="not JSON compliant"):
        record(Event.SIGNED_OUT, WEB, payload={"n": float("nan")})
    assert not LedgerRow.objects.exists()
