"""The pages of cases: facts for who may read them, acts that come out, words only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safelight.server.cases import handling
from safelight.server.cases.complaints import complain
from safelight.server.cases.decisions import decide
from safelight.server.cases.models import Case, CaseAccount, Comment, Complaint, Decision
from safelight.server.intake.context import Context
from safelight.server.intake.models import Account, Intake, Item, Occurrence
from safelight.server.intake.services import receive_text
from safelight.server.people.actors import PersonActor
from safelight.server.people.roles import Role

pytestmark = pytest.mark.usefixtures("db")
Browse = Callable[..., tuple[Any, Any]]


def case_of(occurrence: Occurrence) -> Case:
    return occurrence.membership.case


def test_a_reviewer_sees_the_facts_of_their_own_case_only(arrive: Any, browser_of: Browse) -> None:
    case = case_of(arrive(account="maple-417"))
    client, person = browser_of(Role.REVIEWER)
    assert client.get(f"/cases/{case.pk}/").status_code == 403
    assert client.post(f"/cases/{case.pk}/do/", {"act": "take"})["Location"] == f"/cases/{case.pk}/"
    case.refresh_from_db()
    assert case.assigned_to == person
    page = client.get(f"/cases/{case.pk}/").content.decode()
    assert "maple-417" in page
    assert "entry-1" in page
    other, _ = browser_of(Role.REVIEWER)
    assert other.get(f"/cases/{case.pk}/").status_code == 403


def test_what_was_not_looked_for_is_not_called_absent(arrive: Any, browser_of: Browse) -> None:
    case = case_of(arrive())
    client, person = browser_of(Role.REVIEWER)
    Case.objects.update(assigned_to=person)
    page = client.get(f"/cases/{case.pk}/").content.decode()
    assert "Not looked for." in page
    assert "No evidence found" not in page


@pytest.mark.parametrize("what", ["account", "comment", "occurrence", "intake", "observation"])
def test_what_cannot_be_opened_is_said_and_the_rest_is_shown(
    what: str, arrive: Any, browser_of: Browse, keys: Any
) -> None:
    occurrence = arrive(account="maple-417")
    case = case_of(occurrence)
    client, person = browser_of(Role.LEAD)
    handling.comment(PersonActor(person, "a session", True), case, "a note")
    Intake.objects.update(told=keys.seal_content("intake", occurrence.intake_id, "{}"))
    damaged: dict[str, tuple[Any, str]] = {
        "account": (Account, "platform_id"),
        "comment": (Comment, "text"),
        "occurrence": (Occurrence, "told"),
        "intake": (Intake, "told"),
        "observation": (Item, "observation"),
    }
    model, column = damaged[what]
    model.objects.update(**{column: b"was altered"})
    page = client.get(f"/cases/{case.pk}/")
    assert page.status_code == 200
    assert "cannot be read" in page.content.decode()
    assert ("maple-417" in page.content.decode()) is (what != "account")
    assert ("a note" in page.content.decode()) is (what != "comment")
    assert "No list matched" not in page.content.decode()
    queue = client.get("/cases/").content.decode()
    assert ("cannot be read" in queue) is (what == "account")


def test_passing_on_leads_back_to_the_queue(arrive: Any, browser_of: Browse) -> None:
    case = case_of(arrive())
    client, _ = browser_of(Role.REVIEWER)
    client.post("/cases/next/")
    assert client.post(f"/cases/{case.pk}/do/", {"act": "pass_on"})["Location"] == "/cases/"
    case.refresh_from_db()
    assert case.assigned_to is None
    # It is not offered to them again.
    assert client.post("/cases/next/")["Location"] == "/cases/"


def test_the_queue_is_found_by_account_and_surface(arrive: Any, browser_of: Browse) -> None:
    first, second = arrive(account="a-1", content=b"one"), arrive(account="a-2", content=b"two")
    client, _ = browser_of(Role.LEAD)
    page = client.get("/cases/?account=a-2").content.decode()
    assert str(case_of(second).pk) in page
    assert str(case_of(first).pk) not in page
    surface = second.surface.name
    assert str(case_of(first).pk) in client.get(f"/cases/?surface={surface}").content.decode()
    assert "No case fits" in client.get("/cases/?account=nobody").content.decode()


def test_pages_of_the_queue_follow_one_another(
    arrive: Any, browser_of: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safelight.server.console.case_queue._SHOWN", 2)
    cases = {str(case_of(arrive(account=f"a-{n}", content=bytes([n]))).pk) for n in range(5)}
    client, _ = browser_of(Role.LEAD)
    seen, query = [], ""
    for _ in range(3):
        page = client.get(f"/cases/{query}")
        seen += [str(case.id) for case in page.context["cases"]]
        query = f"?after={page.context['after']}"
    assert len(seen) == 5
    assert set(seen) == cases
    assert page.context["after"] is None


def test_acts_come_out_and_refusals_are_told(arrive: Any, browser_of: Browse) -> None:
    first, second = arrive(account="a-1"), arrive(account="a-2", content=b"another")
    case, other = case_of(first), case_of(second)
    client, person = browser_of(Role.SENIOR_REVIEWER)
    Case.objects.update(assigned_to=person)
    act = f"/cases/{case.pk}/do/"
    account = str(first.account_id)
    client.post(act, {"act": "role", "account": account, "role": "victim", "reason": "they told us"})
    assert CaseAccount.objects.get(case=case, account=first.account).role == "victim"
    client.post(act, {"act": "comment", "text": "A note."})
    assert "A note." in client.get(f"/cases/{case.pk}/").content.decode()
    for wrong in ("no id", str(first.pk)):
        told = client.post(act, {"act": "merge", "other": wrong}, follow=True).content.decode()
        assert 'class="error"' in told
    client.post(act, {"act": "merge", "other": str(other.pk)})
    assert case.members.count() == 2
    split = client.post(act, {"act": "split", "occurrence": str(second.pk)})
    assert Case.objects.get(pk=split["Location"].split("/")[2]).members.count() == 1
    assert client.post(act, {"act": "no such act"}).status_code == 400


def test_words_are_shown_when_asked_for_and_that_is_written_down(
    keys: Any, sender: Any, browser_of: Browse, person_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.ledger.models import LedgerRow
    from safelight.server.people import permissions

    monkeypatch.setattr(permissions, "is_demo", lambda: True)  # no second factor is at hand here
    received = receive_text(sender(), "some words of somebody", Context(account="a-1"))
    case = Case.objects.get(pk=received.case_id)
    client, person = browser_of(Role.REVIEWER)
    Case.objects.update(assigned_to=person)
    assert "some words of somebody" not in client.get(f"/cases/{case.pk}/").content.decode()
    before = LedgerRow.objects.count()
    page = client.post(f"/cases/{case.pk}/words/{received.occurrence_id}/").content.decode()
    assert "some words of somebody" in page
    assert LedgerRow.objects.count() == before + 1


def test_a_complaint_is_answered_by_somebody_else(arrive: Any, browser_of: Browse) -> None:
    occurrence = arrive()
    case = case_of(occurrence)
    decider, who = browser_of(Role.SENIOR_REVIEWER)
    Case.objects.update(assigned_to=who)
    decide(PersonActor(who, "", second_factor=True), case, occurrence, Decision.Outcome.CONFIRMED)
    complaint = complain(
        PersonActor(who, "", second_factor=True), occurrence, "That was a picture of my own cat."
    )
    assert "my own cat" in decider.get("/complaints/").content.decode()
    answer = {"act": "uphold", "answer": "You are right, and it is restored."}
    told = decider.post(f"/complaints/{complaint.pk}/", answer, follow=True).content.decode()
    assert 'class="error"' in told
    another, _ = browser_of(Role.SENIOR_REVIEWER)
    another.post(f"/complaints/{complaint.pk}/", answer)
    assert Complaint.objects.get().state == Complaint.State.UPHELD
    assert another.post(f"/complaints/{complaint.pk}/", {"act": "?"}).status_code == 400
