"""The database itself refuses to change a finished case or a decision, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from safelight.assessment.axes import Assessment
from safelight.server.assessment.models import StoredAssessment
from safelight.server.assessment.services import assess
from safelight.server.cases.decisions import decide
from safelight.server.cases.errors import GuardsMissing
from safelight.server.cases.guard_rules import OF_CASES, REFUSAL, RULES
from safelight.server.cases.guards import install_guards, missing_guards, require_guards
from safelight.server.cases.handling import comment
from safelight.server.cases.models import Case, CaseAccount, CaseOccurrence, Comment, Decision
from safelight.server.cases.services import finish
from safelight.server.ids import now
from safelight.server.intake.models import Account, IpEvent, Occurrence
from safelight.server.people.roles import Role

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]
ON_POSTGRES = connection.vendor == "postgresql"


@pytest.fixture
def finished(arrive: Make, actor_with: Make) -> Case:
    occurrence = arrive()
    IpEvent.objects.create(occurrence=occurrence, seen=b"sealed")
    reviewer, case = actor_with(Role.REVIEWER), Case.objects.get()
    Case.objects.update(assigned_to=reviewer.person)
    comment(reviewer, case, "a note")
    assert occurrence.item is not None
    assess(reviewer, case, occurrence.item, Assessment())
    decide(reviewer, case, occurrence, Decision.Outcome.CONFIRMED)
    return finish(reviewer, case)


@pytest.fixture
def unfinished(finished: Case, arrive: Make) -> Case:
    return Case.objects.get(members__occurrence=arrive("u2", b"another"))


def refused(act: Callable[[], Any]) -> bool:
    """Whether the guards, and not something else, refuse it."""
    said = ""
    try:
        with transaction.atomic():
            act()
            connection.check_constraints()
    except DatabaseError as error:
        said = str(error)
    assert said == "" or REFUSAL in said
    return said != ""


def test_no_column_of_a_finished_case_is_changed(finished: Case) -> None:
    rows = [
        Case.objects.filter(pk=finished.pk),
        CaseOccurrence.objects.filter(case=finished),
        CaseAccount.objects.filter(case=finished),
        Decision.objects.filter(case=finished),
        Occurrence.objects.filter(membership__case=finished),
        IpEvent.objects.filter(occurrence__membership__case=finished),
        Comment.objects.filter(case=finished),
    ]
    for found in rows:
        for field in found.model._meta.concrete_fields:
            if field.primary_key:
                continue
            value = found.values_list(field.attname, flat=True).get()
            assert refused(lambda q=found, f=field, v=value: q.update(**{f.attname: v})), field
        with connection.cursor() as cursor:
            delete = f"DELETE FROM {found.model._meta.db_table} WHERE {found.model._meta.pk.column} = %s"
            key = found.model._meta.pk.get_db_prep_value(found.get().pk, connection)
            assert refused(lambda c=cursor, d=delete, k=key: c.execute(d, [k])), delete


def test_nothing_is_added_to_a_finished_case_or_moved_into_or_out_of_it(
    finished: Case, unfinished: Case
) -> None:
    occurrence = Occurrence.objects.get(membership__case=unfinished)
    account = Account.objects.create(tag=b"u3", platform_id=b"sealed")
    inside = CaseOccurrence.objects.get(case=finished)
    assert refused(lambda: CaseOccurrence.objects.filter(case=unfinished).update(case=finished))
    assert refused(lambda: CaseOccurrence.objects.filter(pk=inside.pk).update(case=unfinished))
    assert refused(lambda: CaseAccount.objects.create(case=finished, account=account))
    assert refused(
        lambda: Decision.objects.create(
            case=finished, occurrence=occurrence, outcome="confirmed", policy_rule="a rule"
        )
    )
    assert refused(lambda: IpEvent.objects.create(occurrence_id=inside.occurrence_id, seen=b"sealed"))


def test_an_unfinished_case_is_still_worked_in(unfinished: Case) -> None:
    assert not refused(lambda: Case.objects.filter(pk=unfinished.pk).update(priority=99))
    assert not refused(lambda: CaseAccount.objects.filter(case=unfinished).update(role="victim"))
    assert not refused(lambda: CaseOccurrence.objects.filter(case=unfinished).update(added_at=now()))


def test_a_decision_is_never_changed_or_deleted_even_in_an_unfinished_case(unfinished: Case) -> None:
    occurrence = Occurrence.objects.get(membership__case=unfinished)
    decision = Decision.objects.create(
        case=unfinished, occurrence=occurrence, outcome="confirmed", policy_rule="a rule"
    )
    assert refused(lambda: Decision.objects.filter(pk=decision.pk).update(outcome="dismissed"))
    assert refused(lambda: Decision.objects.filter(pk=decision.pk).update(decided_at=now() - timedelta(1)))
    assert refused(decision.delete)


def test_no_assessment_is_changed_or_deleted(finished: Case) -> None:
    given = StoredAssessment.objects.filter(case=finished)
    assert refused(lambda: given.update(outcome="not_unlawful"))
    assert refused(given.delete)


@pytest.mark.skipif(ON_POSTGRES, reason="REPLACE is SQLite's")
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_no_row_is_replaced(finished: Case, recursive: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers={recursive}")
        try:
            for table in OF_CASES:
                replace = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
                assert refused(lambda r=replace: cursor.execute(r)), table
        finally:
            cursor.execute("PRAGMA recursive_triggers=ON")


@pytest.mark.skipif(not ON_POSTGRES, reason="TRUNCATE is PostgreSQL's")
def test_no_table_is_truncated_and_no_role_switches_the_guards_off(finished: Case) -> None:
    connection.check_constraints()  # nothing is left to check that would be in the way
    with connection.cursor() as cursor:
        for table in RULES:
            assert refused(lambda t=table: cursor.execute(f"TRUNCATE {t} CASCADE"))
        cursor.execute("SET session_replication_role = replica")
        try:
            assert refused(lambda: Case.objects.filter(pk=finished.pk).update(priority=1))
        finally:
            cursor.execute("SET session_replication_role = origin")


def test_a_start_notices_each_guard_that_is_missing() -> None:
    require_guards()
    with connection.cursor() as cursor:
        for table in RULES:
            name = f"safelight_{table}" + ("" if ON_POSTGRES else "_update")
            cursor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if ON_POSTGRES else ""))
            assert missing_guards() == [name]
            with pytest.raises(GuardsMissing):
                require_guards()
            install_guards()
            assert missing_guards() == []


def test_a_start_notices_a_guard_that_was_altered_or_switched_off() -> None:
    name = "safelight_cases_case" + ("" if ON_POSTGRES else "_update")
    with connection.cursor() as cursor:
        if ON_POSTGRES:
            cursor.execute(f"ALTER TABLE cases_case DISABLE TRIGGER {name}")
            assert missing_guards() == [name]
            install_guards()
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
                "AS 'BEGIN RETURN NEW; END'"
            )
        else:
            cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute(f"CREATE TRIGGER {name} BEFORE UPDATE ON cases_case WHEN 0 BEGIN SELECT 1; END")
    assert missing_guards() == [name]


def test_a_migration_puts_the_guards_back() -> None:
    with connection.cursor() as cursor:
        name = "safelight_cases_case" + ("" if ON_POSTGRES else "_update")
        cursor.execute(f"DROP TRIGGER {name}" + (" ON cases_case" if ON_POSTGRES else ""))
    call_command("migrate", verbosity=0)
    require_guards()
