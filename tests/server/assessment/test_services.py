"""Assessments are given by whoever has the case, superseded and never edited, and their notes are sealed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safelight.assessment import axes
from safelight.assessment.axes import AgeBand, Appearance, Certainty, Origin, Outcome, Severity
from safelight.assessment.schemes import INDUSTRY, UK
from safelight.errors import UsageError
from safelight.server.assessment.models import StoredAssessment
from safelight.server.assessment.services import assess, assessed_items, current, note_of
from safelight.server.cases.decisions import decide
from safelight.server.cases.errors import CaseFinished, NotInCase
from safelight.server.cases.models import Decision
from safelight.server.cases.rearranging import merge
from safelight.server.cases.services import finish
from safelight.server.intake.models import Item
from safelight.server.ledger.models import LedgerPayload, LedgerRow
from safelight.server.people.permissions import PermissionDenied

pytestmark = pytest.mark.usefixtures("db")
FOUND = axes.Assessment(
    outcome=Outcome.UNLAWFUL, certainty=Certainty.PROBABLE, severity=Severity.EXHIBITION,
    age=AgeBand.AGE_7_10, appearance=Appearance.REALISTIC, origin=Origin.CAPTURED,
)  # fmt: skip


def test_what_was_found_stands_until_it_is_superseded(case: Any, item: Item, reviewer: Any) -> None:
    assert current(case, item) is None
    first = assess(reviewer, case, item, FOUND)
    later = assess(reviewer, case, item, FOUND.but(severity=Severity.OTHER_INDECENT))
    assert current(case, item) == FOUND.but(severity=Severity.OTHER_INDECENT)
    assert assessed_items(case) == {item.pk: current(case, item)}
    first.refresh_from_db()
    assert (first.severity, later.supersedes) == ("exhibition", first)
    assert StoredAssessment.objects.count() == 2


def test_the_codes_are_kept_with_the_version_that_gave_them(case: Any, item: Item, reviewer: Any) -> None:
    made = assess(reviewer, case, item, FOUND)
    assert made.codes == {
        UK: {"code": "C", "version": "1", "asked": False},
        INDUSTRY: {"code": "A2", "version": "1", "asked": False},
    }
    asked = FOUND.but(age=AgeBand.AGE_11_13, answered={INDUSTRY: axes.Code("B2")})
    made = assess(reviewer, case, item, asked)
    assert made.codes[INDUSTRY] == {"code": "B2", "version": "1", "asked": True}
    assert made.told() == asked
    with pytest.raises(UsageError, match="no code Z9"):
        assess(reviewer, case, item, asked.but(answered={INDUSTRY: axes.Code("Z9")}))


def test_only_who_has_the_case_answers_and_only_about_what_is_in_it(
    case: Any, item: Item, reviewer: Any, second: Any, arrive: Callable[..., Any]
) -> None:
    with pytest.raises(PermissionDenied):
        assess(second, case, item, FOUND)
    other = arrive(account="u2", content=b"another file").item
    with pytest.raises(NotInCase):
        assess(reviewer, case, other, FOUND)


def test_a_finished_case_is_not_assessed(case: Any, item: Item, reviewer: Any) -> None:
    decide(reviewer, case, case.members.get().occurrence, Decision.Outcome.DISMISSED, reason="benign")
    finish(reviewer, case)
    with pytest.raises((CaseFinished, PermissionDenied)):
        assess(reviewer, case, item, FOUND)


def test_the_note_is_sealed_and_the_ledger_hears_no_answer(case: Any, item: Item, reviewer: Any) -> None:
    made = assess(reviewer, case, item, FOUND, note="A lamp beside a window.")
    assert made.note is not None
    assert b"lamp" not in bytes(made.note)
    assert note_of(reviewer, made) == "A lamp beside a window."
    assert LedgerRow.objects.filter(event="assessment.given").count() == 1
    told = b"".join(bytes(payload.body or b"") for payload in LedgerPayload.objects.all())
    assert b"exhibition" not in told
    assert b"lamp" not in told


def test_an_assessment_goes_with_its_case_into_another(
    case: Any, item: Item, reviewer: Any, arrive: Callable[..., Any]
) -> None:
    assess(reviewer, case, item, FOUND)
    other = arrive(account="u2", content=b"another file").membership.case
    merge(reviewer, other, case)
    assert current(other, item) == FOUND
    assert assessed_items(other) == {item.pk: FOUND}
