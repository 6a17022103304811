"""What is kept of an arrival, what is answered, and that nothing is done without permission."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from intake_doubles import CountingScanner, MemoryVault

from safelight.errors import StoreFull
from safelight.keys import Keyring, RootKey
from safelight.media.sandbox.client import Sandbox
from safelight.scan import scanner as scanner_module
from safelight.server.cases.models import Case, CaseAccount
from safelight.server.ids import clock_at, now
from safelight.server.intake import scanning
from safelight.server.intake.arrivals import Text, Url
from safelight.server.intake.context import Context, IpSeen
from safelight.server.intake.errors import ContextRefused, KeyReused
from safelight.server.intake.models import Account, Intake, Item, LegalBasis, NotPermitted, Occurrence
from safelight.server.intake.record_keys import RecordKeys
from safelight.server.intake.services import receive_by_hand, receive_file, receive_text, receive_url
from safelight.server.intake.told import ip_seen, platform_id, told_of_intake, told_of_occurrence
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.server.vault.models import SealedObject
from safelight.types import Outcome, UnscannedReason

pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner")
Make = Callable[..., Any]
FILE = b"a picture's bytes"


def rows() -> int:
    return sum(model._default_manager.count() for model in apps.get_models())


def test_without_permission_nothing_is_decoded_hashed_or_kept(
    monkeypatch: pytest.MonkeyPatch, sender: Make, spool: Make
) -> None:
    actor = sender("private")
    spooled, before = spool(FILE), rows()

    def must_not(*_args: Any, **_named: Any) -> Any:
        raise AssertionError("looked at without permission")

    with monkeypatch.context() as watched:
        # The real scanner, so that every way to the bytes is watched.
        watched.setattr(Sandbox, "decode", must_not)
        watched.setattr(scanner_module, "observe", must_not)
        watched.setattr(scanning, "_scanner", scanner_module.Scanner.__new__(scanner_module.Scanner))
        for name in ("sha256", "sha1", "md5", "new", "file_digest"):
            watched.setattr(hashlib, name, must_not)
        for name in ("read", "pread", "preadv", "open", "dup", "sendfile", "copy_file_range"):
            watched.setattr(os, name, must_not)
        with CaptureQueriesContext(connection) as queries:
            received = receive_file(
                actor, spooled, Context(account="u1", country="DE"), idempotency_key="once"
            )
            said = receive_text(actor, "hello", Context(country="DE"))
    assert received.verdict == said.verdict
    assert received.verdict is not None
    assert received.verdict.outcome is Outcome.UNSCANNED
    assert received.verdict.reason is UnscannedReason.NOT_PERMITTED
    assert (received.intake_id, received.item_id, received.occurrence_id, received.case_id) == (None,) * 4
    written = {
        query["sql"].split('"')[1] for query in queries if query["sql"].startswith(("INSERT", "UPDATE"))
    }
    assert written == {"intake_notpermitted"}
    assert rows() == before + 1
    assert (NotPermitted.objects.get().surface, NotPermitted.objects.get().count) == (actor.key.surface, 2)


def test_a_basis_permits_until_it_expires(sender: Make, spool: Make, scanner: CountingScanner) -> None:
    actor = sender("private")
    LegalBasis.objects.create(
        surface=actor.key.surface, country="DE", permitted=True, basis="a law",
        valid_until=now() + timedelta(days=1),
    )  # fmt: skip
    here = Context(country="DE")
    assert receive_file(actor, spool(FILE), here).verdict.outcome is Outcome.CLEAR
    later = now() + timedelta(days=2)
    with clock_at(lambda: later):
        verdict = receive_file(actor, spool(FILE), here).verdict
    assert verdict.reason is UnscannedReason.NOT_PERMITTED
    assert scanner.calls == 1


@pytest.mark.parametrize("outcome", [Outcome.CLEAR, Outcome.UNSCANNED])
def test_of_a_private_communication_that_did_not_match_only_the_answer_is_kept(
    sender: Make, spool: Make, scanner: CountingScanner, vault: MemoryVault, outcome: Outcome
) -> None:
    actor = sender("private")
    LegalBasis.objects.create(surface=actor.key.surface, permitted=True, basis="a law")
    scanner.told[FILE] = outcome
    received = receive_file(actor, spool(FILE), Context(account="u1", sender="x", reference="y"))
    assert received.verdict.outcome is outcome
    assert not any(model.objects.exists() for model in (Item, Occurrence, Account))
    assert not vault.bytes
    intake = Intake.objects.get()
    assert (intake.outcome, intake.told) == (outcome.value, None)


def test_what_permitted_an_arrival_is_kept_with_it_as_it_was(sender: Make, spool: Make) -> None:
    private, reporter = sender("private"), sender("private")
    made = {"surface": private.key.surface, "permitted": True}
    row = LegalBasis.objects.create(country="DE", basis="the law of 2026", **made)
    receive_file(private, spool(FILE), Context(country="DE"), idempotency_key="own")
    LegalBasis.objects.create(country="*", basis="consent", **made)
    receive_file(private, spool(FILE), idempotency_key="unknown")
    receive_file(sender(), spool(FILE), idempotency_key="public")
    receive_file(reporter, spool(FILE), kind=Intake.Kind.USER_REPORT, idempotency_key="told")
    LegalBasis.objects.filter(pk=row.pk).update(basis="something else", withdrawn_at=now())
    kept = {one.idempotency_key: (one.basis_id, one.permitted_by) for one in Intake.objects.all()}
    assert kept["own"] == (row.pk, "DE: the law of 2026")
    assert kept["unknown"][0] is None
    assert "*: consent; DE: the law of 2026" in kept["unknown"][1]
    assert kept["public"] == (None, "A public surface.")
    assert kept["told"] == (None, "Somebody disclosed it (user_report).")


def test_a_clear_file_is_counted_and_its_bytes_are_not_kept(
    sender: Make, spool: Make, vault: MemoryVault
) -> None:
    received = receive_file(sender(), spool(FILE), Context(account="u1"))
    assert received.verdict.outcome is Outcome.CLEAR
    assert received.case_id is None
    assert Occurrence.objects.get().first_seen
    assert not vault.bytes


def test_nothing_of_a_clear_file_is_kept_where_the_operator_keeps_no_hashes(
    sender: Make, spool: Make, workspace_setting: Make
) -> None:
    from django.conf import settings

    workspace_setting(retention=settings.CONFIG.retention.model_copy(update={"seen_days": 0}))
    receive_file(sender(), spool(FILE), Context(account="u1"))
    assert not Item.objects.exists()
    assert Intake.objects.get().outcome == "clear"


@pytest.mark.parametrize("outcome", [Outcome.MATCH, Outcome.HOLD])
def test_a_match_or_hold_seals_the_evidence_and_opens_a_case(
    sender: Make,
    spool: Make,
    scanner: CountingScanner,
    vault: MemoryVault,
    keys: RecordKeys,
    outcome: Outcome,
) -> None:
    scanner.told[FILE] = outcome
    received = receive_file(sender(), spool(FILE), Context(account="u1"))
    case = Case.objects.get()
    assert received.case_id == case.pk
    assert platform_id(keys, case.account) == "u1"
    assert CaseAccount.objects.get().role == CaseAccount.Role.UPLOADER
    kept = SealedObject.objects.get()
    assert (kept.item_id, vault.bytes[kept.pk]) == (received.item_id, FILE)
    assert Item.objects.get().unscanned_until is None
    events = set(LedgerRow.objects.values_list("event", flat=True))
    assert {"occurrence.recorded", "case.opened"} <= events


def test_unscanned_bytes_are_kept_for_seven_days_unless_they_match_after_all(
    sender: Make, spool: Make, scanner: CountingScanner, vault: MemoryVault
) -> None:
    scanner.told[FILE] = Outcome.UNSCANNED
    began, actor = now(), sender()
    with clock_at(lambda: began):
        received = receive_file(actor, spool(FILE), Context(account="u1"))
    assert received.verdict.outcome is Outcome.UNSCANNED
    assert received.case_id is None
    assert Item.objects.get().unscanned_until == began + timedelta(days=7)
    with clock_at(lambda: began + timedelta(days=1)):
        receive_file(actor, spool(FILE), Context(account="u1"))
    assert Item.objects.get().unscanned_until == began + timedelta(days=7)
    scanner.told[FILE] = Outcome.MATCH
    assert receive_file(actor, spool(FILE), Context(account="u1")).case_id is not None
    item = Item.objects.get()
    assert (item.unscanned_until, item.outcome) == (None, "match")
    assert len(vault.bytes) == SealedObject.objects.count() == 1


def test_an_item_stays_matched_when_it_cannot_be_scanned_later(
    sender: Make, spool: Make, scanner: CountingScanner
) -> None:
    scanner.told[FILE] = Outcome.MATCH
    actor = sender()
    receive_file(actor, spool(FILE))
    scanner.told[FILE] = Outcome.UNSCANNED
    receive_file(actor, spool(FILE))
    assert (Item.objects.get().outcome, Item.objects.get().unscanned_until) == ("match", None)


def test_digest_observation_text_and_url_are_sealed(
    sender: Make, spool: Make, scanner: CountingScanner, keys: RecordKeys
) -> None:
    scanner.told[FILE] = Outcome.MATCH
    actor = sender()
    seen = IpSeen("192.0.2.77", 51_820, device="a certain phone")
    told = Context("account-of-somebody", "post-of-somebody", file_name="a-file-name.png", sender="a-flagger",
                   reference="their-reference", ip_events=(seen,))  # fmt: skip
    receive_file(actor, spool(FILE), told)
    receive_text(actor, "a sentence that was sent")
    receive_url(actor, "https://example.org/a-page")
    item, text = Item.objects.get(), Occurrence.objects.exclude(text=None).get()
    url = Occurrence.objects.exclude(url=None).get()
    digest = hashlib.sha256(FILE)
    assert keys.open_digest(item.pk, item.digest) == digest.hexdigest()
    assert keys.open_observation(item.pk, item.observation).observation.signals[0].value == digest.hexdigest()
    assert keys.open_content("text", text.pk, text.text) == "a sentence that was sent"
    assert keys.open_content("url", url.pk, url.url) == "https://example.org/a-page"
    secrets_ = [digest.digest(), digest.hexdigest().encode(), b"a sentence", b"example.org/a-page"]
    secrets_ += [b"of-somebody", b"a-file-name", b"192.0.2.77", b"51820", b"certain phone"]
    secrets_ += [b"a-flagger", b"their-reference"]
    assert told_of_intake(keys, Intake.objects.get(kind="upload")).sender == "a-flagger"
    for model in apps.get_models():
        for row in model._default_manager.values_list():
            held = b"\0".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row)
            assert not any(secret in held for secret in secrets_), model


def test_an_item_is_found_again_after_the_root_key_was_rotated(
    sender: Make, spool: Make, use_ring: Make
) -> None:
    ring, actor = Keyring.generate("a workspace"), sender()
    use_ring(ring)
    first = receive_file(actor, spool(FILE))
    use_ring(ring.with_primary(RootKey.generate()))
    second = receive_file(actor, spool(FILE))
    assert first.item_id == second.item_id
    assert list(Occurrence.objects.order_by("recorded_at").values_list("first_seen", flat=True)) == [
        True,
        False,
    ]


def test_what_the_platform_told_is_kept_with_the_occurrence(
    sender: Make, spool: Make, keys: RecordKeys
) -> None:
    at = now()
    seen = IpSeen("192.0.2.7", 51_820, device="a phone", country="DE", at=at)
    receive_file(
        sender(), spool(FILE), Context("u1", "post-7", country="DE", occurred_at=at, ip_events=(seen,))
    )
    occurrence = Occurrence.objects.get()
    assert (occurrence.country, occurrence.occurred_at) == ("DE", at)
    assert told_of_occurrence(keys, occurrence).content_id == "post-7"
    assert ip_seen(keys, occurrence.ip_events.get()) == seen


@pytest.mark.parametrize("receive", [receive_text, receive_url])
def test_a_text_or_a_url_alone_is_a_case_like_any_other(sender: Make, receive: Make) -> None:
    received = receive(sender(), "something that was sent", Context(account="u1"))
    assert received.verdict is None
    assert Case.objects.get().members.get().occurrence_id == received.occurrence_id
    again = receive(sender(), "something that was sent", Context(account="u1"))
    assert again.case_id == received.case_id
    assert sorted(Occurrence.objects.values_list("first_seen", flat=True)) == [False, True]


@pytest.mark.parametrize("content", ["", "  ", "x" * 100_001, "\ud800"])
def test_a_text_that_cannot_be_kept_is_refused(sender: Make, content: str) -> None:
    with pytest.raises(ContextRefused):
        receive_text(sender(), content)
    assert not Intake.objects.exists()


@pytest.mark.parametrize(
    "kind", [Intake.Kind.USER_REPORT, Intake.Kind.TRUSTED_FLAGGER, Intake.Kind.POLICE_REQUEST]
)
def test_what_somebody_reports_makes_a_case_even_if_no_list_knows_it_and_wherever_it_was(
    sender: Make, spool: Make, vault: MemoryVault, kind: Intake.Kind
) -> None:
    received = receive_file(sender("private"), spool(FILE), Context(account="u1"), kind=kind)
    assert received.verdict.outcome is Outcome.CLEAR
    assert received.case_id is not None
    assert list(vault.bytes.values()) == [FILE]
    assert CaseAccount.objects.get().role == CaseAccount.Role.UNKNOWN


def test_a_person_enters_a_matter_by_hand(actor_with: Make, spool: Make) -> None:
    reviewer = actor_with(Role.REVIEWER)
    for what in (spool(FILE), Text("a note"), Url("https://example.org/x")):
        assert receive_by_hand(reviewer, what, Context(account="u1")).case_id is not None
    assert Case.objects.get().members.count() == 3
    assert set(Intake.objects.values_list("kind", "person")) == {("by_hand", reviewer.person.pk)}
    with pytest.raises(PermissionDenied):
        receive_by_hand(actor_with(Role.AUDITOR), Text("a note"))


def test_a_key_sends_only_what_its_scope_and_surface_allow(sender: Make, spool: Make) -> None:
    scan_only = sender(scopes=["scan"])
    with pytest.raises(ContextRefused):
        receive_file(scan_only, spool(FILE), kind=Intake.Kind.USER_REPORT)
    with pytest.raises(ContextRefused):
        receive_file(sender(scopes=["report"]), spool(FILE))
    with pytest.raises(ContextRefused):
        receive_file(scan_only, spool(FILE), Context(surface="another"))
    with pytest.raises(ContextRefused):
        receive_file(sender(), spool(FILE), kind=Intake.Kind.BY_HAND)
    assert not Intake.objects.exists()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_repeated_request_gets_the_same_answer_and_writes_nothing(
    sender: Make, spool: Make, scanner: CountingScanner, vault: MemoryVault, outcome: Outcome
) -> None:
    scanner.told[FILE] = outcome
    actor, context = sender(), Context(account="u1")
    first = receive_file(actor, spool(FILE), context, idempotency_key="once")
    before, stored = rows(), len(vault.bytes)
    scanner.told[FILE] = Outcome.HOLD  # what a list would say by now
    assert receive_file(actor, spool(FILE), context, idempotency_key="once") == first
    assert (rows(), len(vault.bytes), scanner.calls) == (before, stored, 1)


def test_an_idempotency_key_is_the_senders_own_and_for_one_thing(sender: Make, spool: Make) -> None:
    actor = sender()
    receive_file(actor, spool(FILE), idempotency_key="once")
    with pytest.raises(KeyReused):
        receive_file(actor, spool(b"another file"), idempotency_key="once")
    with pytest.raises(KeyReused):
        receive_text(actor, "a text", idempotency_key="once")
    receive_file(sender(), spool(b"another file"), idempotency_key="once")
    for bad in ("", "x" * 101, "a\nb"):
        with pytest.raises(ContextRefused):
            receive_file(actor, spool(FILE), idempotency_key=bad)


def test_where_evidence_cannot_be_stored_nothing_is_written_and_nobody_is_answered(
    sender: Make, spool: Make, scanner: CountingScanner, vault: MemoryVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int) -> Any:
        raise StoreFull("no room")

    scanner.told[FILE] = Outcome.MATCH
    actor = sender()
    before = rows()
    with monkeypatch.context() as broken:
        broken.setattr(vault, "store_sealed", full)
        with pytest.raises(StoreFull):
            receive_file(actor, spool(FILE), idempotency_key="once")
    assert rows() == before
    assert receive_file(actor, spool(FILE), idempotency_key="once").case_id is not None


def test_evidence_destroyed_between_two_looks_is_stored_anew(
    sender: Make, spool: Make, scanner: CountingScanner, vault: MemoryVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner.told[FILE] = Outcome.MATCH
    actor = sender()
    receive_file(actor, spool(FILE))
    looks = iter([True])
    real = vault.live_object

    def vanishing(item: Item) -> SealedObject | None:
        if next(looks, False):
            found = real(item)
            SealedObject.objects.update(
                state="destroyed", wrapped_key=None, wrapping_key="", destroyed_at=now()
            )
            return found
        return real(item)

    monkeypatch.setattr(vault, "live_object", vanishing)
    receive_file(actor, spool(FILE))
    assert SealedObject.objects.filter(state="sealed").count() == 1
