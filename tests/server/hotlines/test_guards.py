"""The database itself refuses to change a finished report or what a hotline answered, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from safelight.server.ids import now

pytestmark = pytest.mark.usefixtures("db")
ON_POSTGRES = connection.vendor == "postgresql"


@dataclass
class Rows:
    """A report with a row in every guarded table."""

    report: Any
    case: Any
    file: Any
    left_out: Any
    step: Any
    answered: Any
    lost: Any
    orphan: Any
    receipt: Any

    def all(self) -> list[models.Model]:
        return [*vars(self).values()]

    def never_change(self) -> list[models.Model]:
        """Those that do not even before the report is finished."""
        return [self.step, self.answered, self.orphan, self.receipt]


def item_of(mark: bytes) -> Any:
    from safelight.server.intake.models import Item

    return Item.objects.create(tag=mark, digest=b"", size=1, kind="image", mime="image/png", observation=b"")


@pytest.fixture
def make(actor_with: Callable[..., Any]) -> Callable[[str], Rows]:
    """Reports as they stand after one request was answered and one was lost."""
    from safelight.server.cases.models import Case
    from safelight.server.hotlines.models import (
        Attempt,
        LeftOut,
        Orphan,
        Receipt,
        Report,
        ReportCase,
        ReportFile,
        Step,
    )
    from safelight.server.intake.models import Intake, Occurrence
    from safelight.server.people.roles import Role

    person = actor_with(Role.REPORTER).person

    def made(state: str) -> Rows:
        case, intake = Case.objects.create(), Intake.objects.create(kind="upload")
        item = item_of(f"{case.pk.hex[:30]}-1".encode())
        occurrence = Occurrence.objects.create(intake=intake, item=item)
        report = Report.objects.create(case=case, hotline="cybertipline", duty="us", content=b"sealed")
        step = Step.objects.create(key=f"{report.pk}/1/submit", report=report, opening=1, call="submit")
        answered = Attempt.objects.create(
            step=step, outcome="acknowledged", answered_at=now(), body=b"verbatim", person=person
        )
        rows = Rows(
            report=report,
            case=ReportCase.objects.create(report=report, case=case),
            file=ReportFile.objects.create(
                report=report, item=item, occurrence=occurrence, position=0, details=b"sealed"
            ),
            left_out=LeftOut.objects.create(
                report=report, item=item_of(f"{case.pk.hex[:30]}-2".encode()), person=person, reason="why"
            ),
            step=step,
            answered=answered,
            lost=Attempt.objects.create(step=step, outcome="lost", told="The worker was lost."),
            orphan=Orphan.objects.create(report=report, opening=1, gone_by=now()),
            receipt=Receipt.objects.create(
                report=report, number="1", at=now(), receipted=True, body=b"verbatim", attempt=answered
            ),
        )
        at = {"finished": {"finished_at": now()}, "discarded": {"discarded_at": now()}}.get(state, {})
        Report.objects.filter(pk=report.pk).update(state=state, **at)
        return rows

    return made


def refused(act: Callable[[], Any]) -> bool:
    """Whether the guards, and not something else, refuse it. Whatever is let through is undone."""
    from safelight.server.cases.guard_rules import REFUSAL

    said = ""
    try:
        with transaction.atomic():
            act()
            transaction.set_rollback(True)
    except DatabaseError as error:
        said = str(error)
    assert said == "" or REFUSAL in said
    return said != ""


def of(row: models.Model) -> Any:
    return type(row)._default_manager.filter(pk=row.pk)


def run(statement: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def raw_delete(row: models.Model) -> Callable[[], None]:
    key = row._meta.pk
    value = key.get_db_prep_value(row.pk, connection)
    return lambda: run(f"DELETE FROM {row._meta.db_table} WHERE {key.column} = %s", value)


@pytest.mark.parametrize("state", ["finished", "discarded"])
def test_no_column_of_a_finished_report_changes_and_no_row_of_it_goes(
    make: Callable[[str], Rows], state: str
) -> None:
    rows = make(state)
    for row in rows.all():
        for field in row._meta.concrete_fields:
            value = of(row).values_list(field.attname, flat=True).get()
            if not field.primary_key:
                assert refused(lambda r=row, f=field, v=value: of(r).update(**{f.attname: v})), field
        assert refused(raw_delete(row)), row


def test_nothing_is_added_to_a_finished_report_or_moved_into_or_out_of_it(
    make: Callable[[str], Rows],
) -> None:
    from safelight.server.hotlines.models import Attempt, LeftOut, Orphan, Receipt, ReportCase, Step

    finished, other = make("finished"), make("sending")
    report = finished.report
    for row in (other.case, other.file, other.left_out):
        assert refused(lambda r=row: of(r).update(report=report)), row
    for row in (finished.case, finished.file, finished.left_out):
        assert refused(lambda r=row: of(r).update(report=other.report)), row
    assert refused(lambda: ReportCase.objects.create(report=report, case=other.report.case))
    assert refused(
        lambda: LeftOut.objects.create(
            report=report, item=item_of(b"new"), person=finished.left_out.person, reason="why"
        )
    )
    assert refused(lambda: Step.objects.create(key="new", report=report, opening=2, call="submit"))
    assert refused(lambda: Attempt.objects.create(step=finished.step))
    assert refused(lambda: Orphan.objects.create(report=report, opening=2, gone_by=now()))
    other_attempt = Attempt.objects.create(step=other.step)
    assert refused(
        lambda: Receipt.objects.create(
            report=report, number="2", at=now(), receipted=True, body=b"", attempt=other_attempt
        )
    )


@pytest.mark.parametrize("state", ["draft", "sending", "stopped"])
def test_an_unfinished_report_is_worked_at_and_what_was_answered_stays(
    make: Callable[[str], Rows], state: str
) -> None:
    rows = make(state)
    fixed = rows.never_change()
    for row in rows.all():
        frees = {"report": {"state": "sending"}, "lost": {"told": "again"}}
        name = next(name for name, one in vars(rows).items() if one is row)
        change = frees.get(name) or {
            field.attname: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if not field.primary_key
        }
        assert refused(lambda r=row, c=change: of(r).update(**c)) == (row in fixed), row
    for row in (*fixed, rows.lost):
        assert refused(raw_delete(row)), row


def test_an_answer_that_comes_late_is_kept_once_and_changes_nothing_else(make: Callable[[str], Rows]) -> None:
    came = {"body": b"verbatim", "answered_at": now(), "code": 0, "late": True}
    for state in ("sending", "finished"):
        lost = make(state).lost
        assert refused(lambda one=lost: of(one).update(**{**came, "outcome": "acknowledged"}))
        assert refused(lambda one=lost: of(one).update(**came, sent_digest="0" * 64))
        of(lost).update(**came)
        assert refused(lambda one=lost: of(one).update(body=b"another"))


@pytest.mark.skipif(ON_POSTGRES, reason="REPLACE is SQLite's")
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_no_row_is_replaced(make: Callable[[str], Rows], recursive: str) -> None:
    from safelight.server.cases.guard_reports import OF_REPORTS

    make("finished")
    run(f"PRAGMA recursive_triggers={recursive}")
    try:
        for table in OF_REPORTS:
            assert refused(lambda t=table: run(f"INSERT OR REPLACE INTO {t} SELECT * FROM {t}")), table
    finally:
        run("PRAGMA recursive_triggers=ON")


@pytest.mark.skipif(ON_POSTGRES, reason="REPLACE is SQLite's")
def test_no_answer_is_replaced_even_before_the_report_is_finished(make: Callable[[str], Rows]) -> None:
    rows = make("sending")
    run("PRAGMA recursive_triggers=OFF")
    try:
        for row in rows.never_change():
            table = row._meta.db_table
            assert refused(lambda t=table: run(f"INSERT OR REPLACE INTO {t} SELECT * FROM {t}")), table
    finally:
        run("PRAGMA recursive_triggers=ON")


@pytest.mark.skipif(not ON_POSTGRES, reason="no other database switches triggers off by session")
def test_no_role_switches_the_guards_off(make: Callable[[str], Rows]) -> None:
    rows = make("finished")
    connection.check_constraints()
    run("SET session_replication_role = replica")
    try:
        for row in rows.all():
            assert refused(raw_delete(row)), row
    finally:
        run("SET session_replication_role = origin")
