"""What the database itself refuses about finished cases and reports, decisions and assessments, as triggers.

They stop mistakes and code that goes around the services. The traps are those of
:mod:`safelight.ledger.guards`; one more is PostgreSQL's: a trigger that only reads whether a case is finished
does not see a finish that another transaction is about to commit, so it takes a share lock on the case's row,
or the report's.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from safelight.server.cases.guard_conditions import Lock, Rules, either, never_changed, part_of, taken
from safelight.server.cases.guard_reports import LOCKS_OF_REPORTS, OF_REPORTS

REFUSAL: Final = "safelight: finished cases and reports, decisions and assessments are never changed"

_FINAL: Final = "IN ('finished', 'merged')"
_IN_FINISHED: Final = f"EXISTS (SELECT 1 FROM cases_case WHERE id = {{0}} AND state {_FINAL})"  # noqa: S608
_OF_FINISHED: Final = (
    "EXISTS (SELECT 1 FROM cases_caseoccurrence m JOIN cases_case c ON c.id = m.case_id "  # noqa: S608
    f"WHERE m.occurrence_id = {{0}} AND c.state {_FINAL})"
)
_DECISION_TAKEN: Final = (
    "t.id = NEW.id OR t.supersedes_id = NEW.supersedes_id "
    "OR (t.occurrence_id = NEW.occurrence_id AND t.supersedes_id IS NULL AND NEW.supersedes_id IS NULL)"
)

_ASSESSMENT_TAKEN: Final = (
    "t.id = NEW.id OR t.supersedes_id = NEW.supersedes_id OR (t.case_id = NEW.case_id "
    "AND t.item_id = NEW.item_id AND t.role = 'first' AND NEW.role = 'first' "
    "AND t.supersedes_id IS NULL AND NEW.supersedes_id IS NULL)"
)

OF_CASES: Final[Rules] = {
    "cases_case": {
        "INSERT": taken("cases_case", "t.id = NEW.id", f"t.state {_FINAL}"),
        "UPDATE": f"OLD.state {_FINAL}",
        "DELETE": f"OLD.state {_FINAL}",
    },
    "cases_caseoccurrence": part_of(
        "cases_caseoccurrence",
        _IN_FINISHED,
        "case_id",
        "t.id = NEW.id OR t.occurrence_id = NEW.occurrence_id",
    ),
    "cases_caseaccount": part_of("cases_caseaccount", _IN_FINISHED, "case_id", "t.id = NEW.id"),
    "cases_comment": part_of("cases_comment", _IN_FINISHED, "case_id", "t.id = NEW.id"),
    "cases_decision": never_changed(
        f"{_IN_FINISHED.format('NEW.case_id')} OR {taken('cases_decision', _DECISION_TAKEN)}"
    ),
    "assessment_storedassessment": never_changed(taken("assessment_storedassessment", _ASSESSMENT_TAKEN)),
    "intake_occurrence": {
        "INSERT": _OF_FINISHED.format("NEW.id"),
        "UPDATE": either(_OF_FINISHED, "id"),
        "DELETE": _OF_FINISHED.format("OLD.id"),
    },
    "intake_ipevent": part_of("intake_ipevent", _OF_FINISHED, "occurrence_id", "t.id = NEW.id"),
}

_CASE: Final = Lock("cases_case", "{0}.case_id")
_LOCKS: Final = {
    "cases_caseoccurrence": _CASE,
    "cases_caseaccount": _CASE,
    "cases_comment": _CASE,
    "cases_decision": _CASE,
    **LOCKS_OF_REPORTS,
}

RULES: Final[Rules] = {**OF_CASES, **OF_REPORTS}
"""By table and act, the condition under which it is refused."""


def sqlite_triggers(tables: Collection[str] = RULES) -> dict[str, str]:
    """Each trigger's name and the statement that creates it, of these tables."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    return {
        (name := f"safelight_{table}_{act.lower()}"): (
            f'CREATE TRIGGER "{name}" BEFORE {act} ON "{table}" WHEN {condition} {refuse}'
        )
        for table, acts in RULES.items()
        if table in tables
        for act, condition in acts.items()
    }


def postgresql_functions() -> dict[str, str]:
    """Each trigger function's name, which is its trigger's too, and its body."""
    raise_ = f"RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';"
    bodies = {"safelight_cases_truncate": f"BEGIN {raise_} END"}
    for table, acts in RULES.items():
        branches = [
            f"IF TG_OP = '{act}' THEN {_lock(table, act)} IF {condition} THEN {raise_} END IF; END IF;"
            for act, condition in acts.items()
        ]
        done = "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
        bodies[f"safelight_{table}"] = f"BEGIN {' '.join(branches)} {done} END"
    return bodies


def postgresql_triggers(tables: Collection[str] = RULES) -> dict[tuple[str, str], str]:
    """By table and trigger name, the statement that creates the trigger, of these tables."""
    triggers = {}
    for table in (table for table in RULES if table in tables):
        name = f"safelight_{table}"
        triggers[table, name] = (
            f"CREATE OR REPLACE TRIGGER {name} BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
        triggers[table, f"{name}_truncate"] = (
            f"CREATE OR REPLACE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION safelight_cases_truncate()"
        )
    return triggers


def _lock(table: str, act: str) -> str:
    """Wait for a finish that is under way, and see what became of it."""
    lock = _LOCKS.get(table)
    if lock is None:
        return ""
    rows = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}[act]
    wanted = ", ".join(map(lock.key.format, rows))
    return f"PERFORM 1 FROM {lock.table} WHERE id IN ({wanted}) ORDER BY id FOR SHARE;"
