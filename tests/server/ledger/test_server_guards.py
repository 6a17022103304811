"""The database refuses to change the ledger, however it is asked, and a missing guard is noticed at start."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction

from safelight.ledger.guards import REFUSAL
from safelight.server.ids import new_id
from safelight.server.ledger.checks import ledger_is_guarded
from safelight.server.ledger.guards import TABLES, ensure_guards, guard_problems, install_guards
from safelight.server.ledger.models import LedgerHead, LedgerLeaf, LedgerPayload, LedgerRow

MODELS = (LedgerRow, LedgerPayload, LedgerLeaf, LedgerHead)
FIELDS = {LedgerRow: "actor", LedgerPayload: "salt", LedgerLeaf: "leaf_hash", LedgerHead: "root"}


def _value(row: models.Model, name: str) -> object:
    return bytes(new_id().bytes * 2) if name != "actor" else "process:other"


def _save(row: models.Model, name: str) -> None:
    setattr(row, name, _value(row, name))
    row.save()


def _bulk_update(row: models.Model, name: str) -> None:
    setattr(row, name, _value(row, name))
    type(row).objects.bulk_update([row], [name])


def _upsert(row: models.Model, name: str) -> None:
    key = type(row)._meta.pk.name
    type(row).objects.bulk_create([row], update_conflicts=True, unique_fields=[key], update_fields=[name])


def _raw(statement: str):
    def run(row: models.Model, name: str) -> None:
        table, key = type(row)._meta.db_table, type(row)._meta.pk.column
        with connection.cursor() as cursor:
            cursor.execute(statement.format(table=table, name=name, key=key))

    return run


BY_THE_ORM = {
    "update": lambda row, name: type(row).objects.update(**{name: _value(row, name)}),
    "save": _save,
    "bulk_update": _bulk_update,
    "upsert": _upsert,
    "delete": lambda row, name: type(row).objects.all()._raw_delete("default"),
}
BY_SQL = {
    "update": _raw('UPDATE {table} SET "{name}" = "{name}"'),
    "delete": _raw("DELETE FROM {table}"),
}
IN_SQLITE = {
    "replace": _raw("INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"),
    "replace without recursive triggers": lambda row, name: (
        _raw("PRAGMA recursive_triggers = OFF")(row, name),
        _raw("REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")(row, name),
    ),
    "update or replace": _raw('UPDATE OR REPLACE {table} SET "{name}" = "{name}"'),
}
IN_POSTGRESQL = {
    "truncate": _raw("TRUNCATE {table} CASCADE"),
    "truncate many": _raw("TRUNCATE ledger_ledgerhead, {table} CASCADE"),
    "replication role": _raw("SET LOCAL session_replication_role = replica; DELETE FROM {table}"),
    "merge": _raw("MERGE INTO {table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE"),
}
OF_THE_ENGINE = IN_SQLITE if connection.vendor == "sqlite" else IN_POSTGRESQL
STATEMENTS = {
    **{f"ORM {name}": act for name, act in BY_THE_ORM.items()},
    **{f"SQL {name}": act for name, act in (BY_SQL | OF_THE_ENGINE).items()},
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_whatever_changes_a_row_is_refused(committing_db, placed, model):
    placed(4)
    before = list(model.objects.order_by("pk").values())
    assert before
    refused = []
    for name, act in STATEMENTS.items():
        row = model.objects.order_by("pk").first()
        with pytest.raises(IntegrityError, match=REFUSAL), transaction.atomic():
            act(row, FIELDS[model])
        refused.append(name)
    assert refused == list(STATEMENTS)
    assert list(model.objects.order_by("pk").values()) == before


def test_details_are_blanked_only_with_a_record_of_it_and_once(committing_db, placed, raw):
    placed(4)
    record = "(SELECT id FROM ledger_ledgerrow LIMIT 1)"
    one = "WHERE row_id = (SELECT min(CAST(row_id AS text)) FROM ledger_ledgerpayload)"
    if connection.vendor == "postgresql":
        one = one.replace("= (SELECT min(CAST(row_id AS text))", "IN (SELECT min(row_id::text)::uuid")
    blank = f"UPDATE ledger_ledgerpayload SET body = NULL, salt = NULL, erased_by_id = {record}"
    for attempt in (
        "UPDATE ledger_ledgerpayload SET body = NULL, salt = NULL",
        f"UPDATE ledger_ledgerpayload SET body = NULL, erased_by_id = {record}",
        f"UPDATE ledger_ledgerpayload SET erased_by_id = {record}",
        f"{blank}, row_id = {record}",
        f"UPDATE ledger_ledgerpayload SET body = '', salt = NULL, erased_by_id = {record}",
    ):
        with pytest.raises(Exception, match=REFUSAL):
            raw.run(attempt)
    raw.run(f"{blank} {one}")
    with pytest.raises(Exception, match=REFUSAL):
        raw.run(f"{blank} {one}")
    assert guard_problems() == ()


def test_every_trigger_is_missed_at_the_next_start_and_put_back_on_record(committing_db, placed, raw):
    placed(3)
    assert ensure_guards() == ()
    assert ledger_is_guarded(["default"]) == []
    number = 0
    for table in TABLES:
        for trigger in raw.triggers(table.name):
            on = f" ON {table.name}" if connection.vendor == "postgresql" else ""
            raw.run(f"DROP TRIGGER {trigger}{on}")
            assert any(trigger in warning.msg for warning in ledger_is_guarded(["default"]))
            assert any(trigger in problem for problem in ensure_guards())
            assert ensure_guards() == ()
            number += 1
    assert number == (12 if connection.vendor == "sqlite" else 5)
    rows = LedgerRow.objects.filter(event="ledger.guards_reinstalled").order_by("id")
    assert len(rows) == number
    assert "is missing" in json.loads(bytes(rows[0].payload.body))["found"][0]


def test_migrating_puts_back_what_rebuilding_a_table_lost(committing_db, placed):
    placed(2)
    field = LedgerRow._meta.get_field("actor")
    longer = models.CharField(max_length=70)
    longer.set_attributes_from_name("actor")
    longer.model = LedgerRow
    with connection.schema_editor() as editor:
        editor.alter_field(LedgerRow, field, longer)
    if connection.vendor == "sqlite":
        assert guard_problems() != ()
    call_command("migrate", verbosity=0)
    assert guard_problems() == ()


def test_before_the_first_migration_there_is_nothing_to_guard(committing_db):
    drop = "DROP TABLE {} CASCADE" if connection.vendor == "postgresql" else "DROP TABLE {}"
    with connection.cursor() as cursor:
        for table in reversed([*(table.name for table in TABLES), "ledger_ledgerpending"]):
            cursor.execute(drop.format(table))
    assert guard_problems() == ()
    install_guards()
