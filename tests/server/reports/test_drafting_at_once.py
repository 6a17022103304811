"""However many people draft at once, and from whichever case of the account: there is one report."""

from __future__ import annotations

import pytest
from at_once import at_once

from safelight.server.hotlines.drafts import edit
from safelight.server.hotlines.filling import draft_for
from safelight.server.hotlines.handing_over import hand_over
from safelight.server.hotlines.models import Report, ReportFile
from safelight.server.hotlines.sealed import content
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.roles import Role
from safelight.types import ListClass

pytestmark = pytest.mark.usefixtures("committing_db", "told_to")
C = ListClass


@pytest.mark.parametrize("account", ["u1", ""])
def test_one_draft_comes_of_many(account, arrives, confirm, actor_with, told_to):
    told_to("production")
    case = confirm(arrives(b"one", C.CSAM, account=account))
    actors = [actor_with(Role.REPORTER) for _ in range(4)]
    assert at_once(*[lambda actor=actor: draft_for(actor, case) for actor in actors]) == [None] * 4
    assert Report.objects.count() == 1
    assert ReportFile.objects.count() == 1
    assert LedgerRow.objects.filter(event="report.drafted").count() == 1


def test_a_draft_is_handed_over_once_and_as_it_was_read(arrives, confirm, actor_with, told_to):
    told_to("production")
    report = draft_for(actor_with(Role.REPORTER), confirm(arrives(b"one", C.CSAM)))
    first, second, third = (actor_with(Role.REPORTER) for _ in range(3))
    said = content(report)
    outcomes = at_once(
        lambda: hand_over(first, report, revision=1),
        lambda: hand_over(second, report, revision=1),
        lambda: edit(third, report, said, revision=1, section="summary"),
    )
    assert outcomes.count(None) == 1
    report.refresh_from_db()
    sent = LedgerRow.objects.filter(event="report.sending").count()
    assert (report.state, sent) in {("sending", 1), ("draft", 0)}
