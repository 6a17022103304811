"""Evidence is handed to a registered key when two people say so, whole, proven, and on record."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest

from safelight.bundle.reading import unpack_bundle, verify_bundle
from safelight.errors import BundleDamaged, LedgerError, ObjectMissing, UsageError
from safelight.server.bundle import shelf
from safelight.server.bundle.asking import MAKE, ask, exports
from safelight.server.bundle.fetching import fetch, remove_old
from safelight.server.bundle.making import make, signing_key
from safelight.server.bundle.models import Export
from safelight.server.bundle.recipients import propose_recipient, recipients, retire_recipient
from safelight.server.ids import clock_at, now
from safelight.server.jobs.models import Job
from safelight.server.ledger.models import LedgerRow
from safelight.server.ledger.pseudonyms import pseudonym
from safelight.server.people.errors import SecondPersonNeeded
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.proposals import approve
from safelight.server.people.roles import Role
from safelight.server.vault import place

pytestmark = pytest.mark.django_db


@pytest.fixture
def released(reporter, lead, authority, sequenced):
    """Asked for by a reporter, released by a lead, and made unless told otherwise."""

    def run(case, *, made: bool = True, **told) -> Export:
        export = ask(reporter, case, authority.recipient.pk, "request 12 of the prosecutor", **told)
        approve(lead, export.proposal.pk)
        sequenced()
        if made:
            make(export.pk)
        export.refresh_from_db()
        return export

    return run


def opened(export: Export, authority):
    with shelf.place_of(export.pk).open("rb") as source:
        return verify_bundle(source, authority.identity, signer=signing_key().verifier.fingerprint)


class TestRecipients:
    def test_a_key_counts_once_a_second_person_has_seen_it(self, reporter, lead) -> None:
        import pyrage

        key = str(pyrage.x25519.Identity.generate().to_public())
        made = propose_recipient(reporter, "Cyber unit", key, "read out by telephone")
        assert recipients(reporter) == []
        with pytest.raises(SecondPersonNeeded):
            approve(reporter, made.proposal.pk)
        approve(lead, made.proposal.pk)
        assert [one.fingerprint for one in recipients(reporter)] == [made.fingerprint]

    def test_the_same_key_is_registered_once(self, reporter, authority) -> None:
        with pytest.raises(UsageError, match="already"):
            propose_recipient(reporter, "Another", authority.recipient.key, "letter")

    def test_of_two_proposals_of_one_key_one_is_registered(self, reporter, lead) -> None:
        import pyrage

        key = str(pyrage.x25519.Identity.generate().to_public())
        first, second = (propose_recipient(reporter, name, key, "letter") for name in ("A", "B"))
        approve(lead, first.proposal.pk)
        with pytest.raises(UsageError, match="already"):
            approve(lead, second.proposal.pk)

    def test_a_private_key_is_refused_and_kept_nowhere(self, reporter) -> None:
        import pyrage

        with pytest.raises(UsageError, match="public key"):
            propose_recipient(reporter, "Unit", str(pyrage.x25519.Identity.generate()), "letter")

    def test_nothing_is_sealed_to_a_retired_key(self, reporter, lead, authority, case_with) -> None:
        case = case_with(a="confirmed")
        export = ask(reporter, case, authority.recipient.pk, "request 12")
        retire_recipient(lead, authority.recipient.pk, "the key was lost")
        with pytest.raises(UsageError, match="retired"):
            approve(lead, export.proposal.pk)
        with pytest.raises(UsageError, match="registered"):
            ask(reporter, case, authority.recipient.pk, "request 13")


class TestHandingOut:
    def test_the_recipient_gets_the_confirmed_files_with_all_that_is_known(
        self, case_with, released, authority, reporter, lead, tmp_path
    ) -> None:
        case = case_with(a="confirmed", b="dismissed")
        export = released(case)
        found = opened(export, authority)
        assert found.is_trusted
        told = found.description
        assert (told.recipient, told.recipient_fingerprint) == ("Cyber unit", authority.recipient.fingerprint)
        assert reporter.person.email in told.asked_by
        assert lead.person.email in told.released_by
        inside, outside = sorted(told.items, key=lambda item: item.name is None)
        assert (inside.name, outside.name) == ("items/0001", None)
        assert "confirmed" in outside.missing
        assert inside.matches[0].entry_key == "entry-7"
        assert inside.decisions[0].outcome == "confirmed"
        with shelf.place_of(export.pk).open("rb") as source:
            unpack_bundle(source, authority.identity, tmp_path / "opened")
        assert (tmp_path / "opened" / "items" / "0001").read_bytes() == b"a" * 50
        words = json.loads((tmp_path / "opened" / "context.json").read_text())["occurrences"]
        assert sorted(one["words"] or "" for one in words) == ["", "", "good evening"]

    def test_the_standing_assessment_is_told_by_axis_and_scheme(
        self, case_with, released, authority, actor_with
    ) -> None:
        from safelight.assessment import axes
        from safelight.server.assessment.services import assess
        from safelight.server.intake.models import Item
        from safelight.server.people.actors import PersonActor

        case = case_with(a="confirmed")
        reviewer = PersonActor(case.assigned_to, "a session", True)
        told = axes.Assessment(outcome=axes.Outcome.UNDETERMINED, appearance=axes.Appearance.NON_PHOTOGRAPHIC)
        assess(reviewer, case, Item.objects.get(), told, note="sealed words")
        export = released(case)
        found = opened(export, authority).description.items[0].assessment
        assert found["appearance"] == "non photographic"
        assert found["assessed by"].startswith("person:")
        assert "sealed words" not in str(opened(export, authority).description)

    def test_the_whole_case_only_where_it_was_asked_for_and_released_so(
        self, case_with, released, authority
    ) -> None:
        export = released(case_with(a="confirmed", b="dismissed", c=""), whole_case=True)
        assert [item.name for item in opened(export, authority).description.items] == [
            "items/0001", "items/0002", "items/0003",
        ]  # fmt: skip

    def test_the_chain_of_custody_has_the_sealing_and_the_release_with_their_proofs(
        self, case_with, released, authority
    ) -> None:
        custody = opened(released(case_with(a="confirmed")), authority).description.custody
        events = {step.event: step.about for step in custody}
        assert events["evidence.sealed"] == "sealed evidence of item 1"
        assert events["bundle.asked"] == events["bundle.released"] == "the case"

    def test_one_person_alone_hands_out_nothing(self, case_with, reporter, authority) -> None:
        export = ask(reporter, case_with(a="confirmed"), authority.recipient.pk, "request 12")
        with pytest.raises(SecondPersonNeeded):
            approve(reporter, export.proposal.pk)
        make(export.pk)
        export.refresh_from_db()
        assert export.state == Export.State.ASKED
        assert not Job.objects.filter(kind=MAKE).exists()
        assert not shelf.place_of(export.pk).exists()

    def test_each_step_is_a_ledger_event_about_the_case(self, case_with, released, reporter) -> None:
        case = case_with(a="confirmed")
        export = released(case)
        fetch(reporter, export.pk).close()
        about = LedgerRow.objects.filter(subject=pseudonym(case.pk), event__startswith="bundle.")
        assert list(about.order_by("pk").values_list("event", flat=True)) == [
            "bundle.asked", "bundle.released", "bundle.made", "bundle.downloaded",
        ]  # fmt: skip

    def test_what_it_reads_from_the_vault_is_on_record(self, case_with, released) -> None:
        export = released(case_with(a="confirmed"))
        read = LedgerRow.objects.select_related("payload").get(event="evidence.read")
        assert read.actor == "process:bundle"
        assert str(export.pk) in bytes(read.payload.body).decode()

    def test_it_is_made_once_the_release_has_its_place(self, case_with, reporter, lead, authority) -> None:
        export = ask(reporter, case_with(a="confirmed"), authority.recipient.pk, "request 12")
        approve(lead, export.proposal.pk)
        with pytest.raises(LedgerError, match="place"):
            make(export.pk)

    def test_making_it_again_changes_nothing(self, case_with, released) -> None:
        export = released(case_with(a="confirmed"))
        make(export.pk)
        again = Export.objects.get(pk=export.pk)
        assert (again.sha256, again.made_at) == (export.sha256, export.made_at)

    def test_damaged_evidence_is_not_handed_out_and_nothing_is_left(self, vault, case_with, released) -> None:
        case = case_with(a="confirmed")
        export = released(case, made=False)
        (stored,) = place.store().ids()
        place.store().delete(stored)
        with pytest.raises(ObjectMissing):
            make(export.pk)
        assert list(shelf.place_of(export.pk).parent.iterdir()) == []

    def test_a_file_that_is_not_the_recorded_one_is_not_handed_out(self, case_with, released) -> None:
        from safelight.server.intake.models import Item
        from safelight.server.intake.record_keys import record_keys

        case = case_with(a="confirmed")
        item = Item.objects.get()
        Item.objects.update(digest=record_keys().seal_digest(item.pk, "ab" * 32))
        export = released(case, made=False)
        with pytest.raises(BundleDamaged, match="not the file"):
            make(export.pk)

    def test_the_file_is_for_this_user_only_and_holds_nothing_readable(self, case_with, released) -> None:
        path = shelf.place_of(released(case_with(a="confirmed")).pk)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert b"good evening" not in path.read_bytes()
        assert b"a" * 50 not in path.read_bytes()


class TestFetching:
    def test_it_is_removed_when_its_days_are_over(self, case_with, released, reporter) -> None:
        export = released(case_with(a="confirmed"))
        assert remove_old() == 0
        later = now() + timedelta(days=15)
        with clock_at(lambda: later):
            assert remove_old() == 1
            assert remove_old() == 0
        assert not shelf.place_of(export.pk).exists()
        with pytest.raises(UsageError, match="not any more"):
            fetch(reporter, export.pk)

    def test_a_file_that_a_restore_did_not_bring_back_is_told(self, case_with, released, reporter) -> None:
        export = released(case_with(a="confirmed"))
        shelf.remove(export.pk)
        with pytest.raises(UsageError, match="not here"):
            fetch(reporter, export.pk)

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.REPORTER, Role.LEAD}))
    def test_nobody_else_asks_or_fetches(self, actor_with, case_with, released, authority, role) -> None:
        case, somebody = case_with(a="confirmed"), actor_with(role)
        export = released(case)
        for wish in (
            lambda: ask(somebody, case, authority.recipient.pk, "x"),
            lambda: fetch(somebody, export.pk),
            lambda: exports(somebody),
        ):
            with pytest.raises(PermissionDenied):
                wish()

    def test_nobody_fetches_without_a_second_factor(self, actor_with, case_with, released) -> None:
        export = released(case_with(a="confirmed"))
        with pytest.raises(PermissionDenied, match="second factor"):
            fetch(actor_with(Role.REPORTER, second_factor=False), export.pk)

    def test_what_is_fetched_is_the_made_file(self, case_with, released, reporter, authority) -> None:
        with fetch(reporter, released(case_with(a="confirmed")).pk) as file:
            assert verify_bundle(io.BytesIO(file.read()), authority.identity).is_whole
