"""What the database itself refuses about finished cases, decisions and assessments, as triggers.

They stop mistakes and code that goes around the services. The traps are those of
:mod:`safelight.ledger.guards`; one more is PostgreSQL's: a trigger that only reads whether a case is finished
does not see a finish that another transaction is about to commit, so it takes a share lock on the case's row.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

REFUSAL: Final = "safelight: finished cases, decisions and assessments are never changed"

_FINAL: Final = "IN ('finished', 'merged')"
_IN_FINISHED: Final = f"EXISTS (SELECT 1 FROM cases_case WHERE id = {{0}} AND state {_FINAL})"  # noqa: S608
_OF_FINISHED: Final = (
    "EXISTS (SELECT 1 FROM cases_caseoccurrence m JOIN cases_case c ON c.id = m.case_id "  # noqa: S608
    f"WHERE m.occurrence_id = {{0}} AND c.state {_FINAL})"
)
# For SQLite's REPLACE, which removes the row that is in the way without asking a delete trigger.
_TAKEN: Final = "EXISTS (SELECT 1 FROM {0} t WHERE ({1}) AND {2})"


def _either(condition: str, column: str) -> str:
    old, new = (condition.format(f"{row}.{column}") for row in ("OLD", "NEW"))
    return f"{old} OR {new}"


def _part_of_case(table: str, taken: str) -> dict[str, str]:
    inside = _IN_FINISHED.format("NEW.case_id")
    replaced = _TAKEN.format(table, taken, _IN_FINISHED.format("t.case_id"))
    return {
        "INSERT": f"{inside} OR {replaced}",
        "UPDATE": _either(_IN_FINISHED, "case_id"),
        "DELETE": _IN_FINISHED.format("OLD.case_id"),
    }


_DECISION_TAKEN: Final = (
    "t.id = NEW.id OR t.supersedes_id = NEW.supersedes_id "
    "OR (t.occurrence_id = NEW.occurrence_id AND t.supersedes_id IS NULL AND NEW.supersedes_id IS NULL)"
)

_ASSESSMENT_TAKEN: Final = (
    "t.id = NEW.id OR t.supersedes_id = NEW.supersedes_id OR (t.case_id = NEW.case_id "
    "AND t.item_id = NEW.item_id AND t.role = 'first' AND NEW.role = 'first' "
    "AND t.supersedes_id IS NULL AND NEW.supersedes_id IS NULL)"
)

RULES: Final[dict[str, dict[str, str]]] = {
    "cases_case": {
        "INSERT": f"EXISTS (SELECT 1 FROM cases_case t WHERE t.id = NEW.id AND t.state {_FINAL})",  # noqa: S608
        "UPDATE": f"OLD.state {_FINAL}",
        "DELETE": f"OLD.state {_FINAL}",
    },
    "cases_caseoccurrence": _part_of_case(
        "cases_caseoccurrence", "t.id = NEW.id OR t.occurrence_id = NEW.occurrence_id"
    ),
    "cases_caseaccount": _part_of_case("cases_caseaccount", "t.id = NEW.id"),
    "cases_comment": _part_of_case("cases_comment", "t.id = NEW.id"),
    "cases_decision": {
        "INSERT": " OR ".join(
            [_IN_FINISHED.format("NEW.case_id"), _TAKEN.format("cases_decision", _DECISION_TAKEN, "1 = 1")]
        ),
        "UPDATE": "1 = 1",
        "DELETE": "1 = 1",
    },
    "assessment_storedassessment": {
        "INSERT": _TAKEN.format("assessment_storedassessment", _ASSESSMENT_TAKEN, "1 = 1"),
        "UPDATE": "1 = 1",
        "DELETE": "1 = 1",
    },
    "intake_occurrence": {
        "INSERT": _OF_FINISHED.format("NEW.id"),
        "UPDATE": _either(_OF_FINISHED, "id"),
        "DELETE": _OF_FINISHED.format("OLD.id"),
    },
    "intake_ipevent": {
        "INSERT": _OF_FINISHED.format("NEW.occurrence_id")
        + " OR "
        + _TAKEN.format("intake_ipevent", "t.id = NEW.id", _OF_FINISHED.format("t.occurrence_id")),
        "UPDATE": _either(_OF_FINISHED, "occurrence_id"),
        "DELETE": _OF_FINISHED.format("OLD.occurrence_id"),
    },
}
"""By table and act, the condition under which it is refused."""

_LOCKED_BY: Final = {
    "cases_caseoccurrence": "case_id",
    "cases_caseaccount": "case_id",
    "cases_comment": "case_id",
    "cases_decision": "case_id",
}


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
    column = _LOCKED_BY.get(table)
    if column is None:
        return ""
    rows = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}[act]
    wanted = ", ".join(f"{row}.{column}" for row in rows)
    return f"PERFORM 1 FROM cases_case WHERE id IN ({wanted}) ORDER BY id FOR SHARE;"
