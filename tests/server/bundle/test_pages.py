"""The pages of bundles and of a case's evidence, asked as a browser asks."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.test import Client

from safelight.bundle.reading import verify_bundle
from safelight.server.bundle.making import make
from safelight.server.bundle.models import Export, Recipient
from safelight.server.ids import now
from safelight.server.people.models import Proposal
from safelight.server.people.roles import Role
from safelight.server.vault.models import Extension, LegalHold, SealedObject

pytestmark = pytest.mark.django_db


@pytest.fixture
def client_of(monkeypatch):
    """Signed in, and with a second factor in this session."""
    from safelight.server.people import sessions

    monkeypatch.setattr(sessions, "_second_factor", lambda *_: True)

    def make_client(actor) -> Client:
        client = Client()
        client.force_login(actor.person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make_client


def test_from_the_wish_to_the_file(client_of, reporter, lead, authority, case_with, sequenced) -> None:
    case, asks, releases = case_with(a="confirmed"), client_of(reporter), client_of(lead)
    wish = {
        "ask-case": str(case.pk),
        "ask-recipient": str(authority.recipient.pk),
        "ask-purpose": "request 12",
    }
    assert asks.post("/bundles/ask/", wish).status_code == 302
    export = Export.objects.get()
    waiting = releases.get("/bundles/").content.decode()
    assert "waits for a second person" in waiting
    assert authority.recipient.fingerprint in waiting
    assert "Release</button>" in waiting
    assert "Release</button>" not in asks.get("/bundles/").content.decode()
    assert asks.post(f"/bundles/{export.pk}/file/").status_code == 302
    releases.post(f"/proposals/{export.proposal_id}/", {"approve": "1"})
    assert "being made" in asks.get("/bundles/").content.decode()
    sequenced()
    make(export.pk)
    answer = asks.post(f"/bundles/{export.pk}/file/")
    assert "no-store" in answer["Cache-Control"]
    assert f'filename="{export.pk}.age"' in answer["Content-Disposition"]
    sealed = io.BytesIO(b"".join(answer.streaming_content))
    assert verify_bundle(sealed, authority.identity).is_whole


@pytest.mark.parametrize(
    "wrong", [{"ask-case": "nonsense"}, {"ask-recipient": "nobody"}, {"ask-purpose": ""}], ids=str
)
def test_a_wish_that_cannot_be_is_told_beside_its_field(
    client_of, reporter, authority, case_with, wrong
) -> None:
    told = {
        "ask-case": str(case_with(a="confirmed").pk),
        "ask-recipient": str(authority.recipient.pk),
        "ask-purpose": "request 12",
    }
    answer = client_of(reporter).post("/bundles/ask/", {**told, **wrong})
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert not Export.objects.exists()


def test_a_recipient_is_proposed_registered_and_retired(client_of, reporter, lead) -> None:
    import pyrage

    key = str(pyrage.x25519.Identity.generate().to_public())
    told = {"recipient-name": "Cyber unit", "recipient-key": key, "recipient-reason": "by telephone"}
    client_of(reporter).post("/bundles/recipients/", told)
    proposal = Proposal.objects.get(kind=Proposal.Kind.EXPORT_RECIPIENT)
    waiting = client_of(lead).get("/proposals/").content.decode()
    assert Recipient.objects.get().fingerprint in waiting.replace("&#x2B;", "+")
    client_of(lead).post(f"/proposals/{proposal.pk}/", {"approve": "1"})
    assert Recipient.objects.get().registered_at
    client_of(lead).post(f"/bundles/recipients/{Recipient.objects.get().pk}/", {"reason": "key lost"})
    assert Recipient.objects.get().retired_at


def test_a_private_key_that_was_pasted_is_not_shown_again(client_of, reporter) -> None:
    import pyrage

    secret = str(pyrage.x25519.Identity.generate())
    told = {"recipient-name": "Cyber unit", "recipient-key": secret, "recipient-reason": "by telephone"}
    answer = client_of(reporter).post("/bundles/recipients/", told)
    assert answer.status_code == 400
    assert secret not in answer.content.decode()


def test_a_lead_holds_extends_and_asks_for_destruction(client_of, lead, case_with) -> None:
    case, row, client = case_with(a="confirmed"), SealedObject.objects.get(), client_of(lead)
    address = f"/cases/{case.pk}/evidence/{row.pk}/"
    client.post(address, {"act": "hold", "reason": "court order 5"})
    page = client.get(f"/cases/{case.pk}/evidence/").content.decode()
    assert "court order 5" in page
    assert "A legal hold stands" in page
    client.post(address, {"act": "release", "hold": str(LegalHold.objects.get().pk), "reason": "lifted"})
    assert LegalHold.objects.get().released_at
    until = f"{now() + timedelta(days=900):%Y-%m-%d}"
    client.post(address, {"act": "extend", "until": until, "reason": "an appeal"})
    assert f"{Extension.objects.get().until:%Y-%m-%d}" == until
    client.post(address, {"act": "destroy", "basis": "law_enforcement", "reason": "their letter"})
    assert Proposal.objects.get(kind=Proposal.Kind.EARLY_DESTRUCTION).subject == row.pk
    assert "waits" in client.get(f"/cases/{case.pk}/evidence/").content.decode()


@pytest.mark.parametrize(
    "told",
    [
        {"act": "hold", "reason": ""},
        {"act": "extend", "until": "soon", "reason": "x"},
        {"act": "extend", "until": "2001-01-01", "reason": "x"},
        {"act": "release", "hold": "x", "reason": "x"},
        {"act": "destroy", "basis": "mine", "reason": "x"},
    ],
    ids=str,
)
def test_an_act_that_cannot_be_changes_nothing(client_of, lead, case_with, told) -> None:
    case, row, client = case_with(a="confirmed"), SealedObject.objects.get(), client_of(lead)
    client.post(f"/cases/{case.pk}/evidence/{row.pk}/", told)
    assert not LegalHold.objects.exists()
    assert not Extension.objects.exists()
    assert not Proposal.objects.filter(kind=Proposal.Kind.EARLY_DESTRUCTION).exists()


def test_evidence_of_another_case_is_not_changed_through_this_one(client_of, lead, case_with) -> None:
    case, other = case_with(a="confirmed"), case_with(b="confirmed")
    row = SealedObject.objects.get(item__occurrences__membership__case=other)
    answer = client_of(lead).post(f"/cases/{case.pk}/evidence/{row.pk}/", {"act": "hold", "reason": "x"})
    assert answer.status_code == 400


def test_who_only_reads_sees_the_clocks_and_no_form(client_of, actor_with, case_with) -> None:
    case = case_with(a="confirmed")
    page = client_of(actor_with(Role.AUDITOR)).get(f"/cases/{case.pk}/evidence/").content.decode()
    assert "undecided" in page
    assert 'name="act"' not in page
