"""Conditions in the SQL that SQLite and PostgreSQL share, of which the guards' rules are made."""

from __future__ import annotations

from dataclasses import dataclass

Rules = dict[str, dict[str, str]]
"""By table and act, the condition under which it is refused."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The row whose finish a change waits for on PostgreSQL: in ``table``, the one that ``key`` names.

    ``key`` is an expression about ``{0}``, which stands for the row that is changed.
    """

    table: str
    key: str


def either(condition: str, column: str) -> str:
    """The condition, of the row as it was or as it is to be."""
    old, new = (condition.format(f"{row}.{column}") for row in ("OLD", "NEW"))
    return f"{old} OR {new}"


def taken(table: str, same: str, where: str = "1 = 1") -> str:
    """For SQLite's REPLACE, which removes the row that is in the way without asking a delete trigger."""
    return f"EXISTS (SELECT 1 FROM {table} t WHERE ({same}) AND {where})"  # noqa: S608 - names of ours


def part_of(table: str, inside: str, column: str, same: str) -> dict[str, str]:
    """Rows of something that may be finished: none comes, changes or goes once ``inside`` holds of it."""
    return {
        "INSERT": f"{inside.format(f'NEW.{column}')} OR {taken(table, same, inside.format(f't.{column}'))}",
        "UPDATE": either(inside, column),
        "DELETE": inside.format(f"OLD.{column}"),
    }


def never_changed(coming: str) -> dict[str, str]:
    """Rows that are written once; ``coming`` is when not even that."""
    return {"INSERT": coming, "UPDATE": "1 = 1", "DELETE": "1 = 1"}
