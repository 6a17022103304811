"""Imminent danger: whom to call, and why, kept for the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from safelight.server.cases.handling import set_imminent_danger
from safelight.server.config import Review
from safelight.server.intake.models import Occurrence
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.server.review.danger import (
    SHIPPED,
    _read,
    emergency_steps,
    escalate,
    escalation_reason,
    steps_of,
)
from safelight.server.review.errors import ReviewError
from safelight.server.review.models import Escalation
from safelight.server.review.pane import pane_for


def test_steps_are_those_of_the_case_of_the_operator_and_of_everywhere(workspace_setting: Any) -> None:
    workspace_setting(review=Review(country="GB"))
    assert [steps.country for steps in steps_of(["fr", "XX", "FR", "GB"])] == ["FR", "GB", ""]
    assert all(steps.steps and steps.name for steps in _read(SHIPPED).values())


def test_the_operators_own_steps_come_first(tmp_path: Path, workspace_setting: Any) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[FR]\nname = "France"\nsteps = ["Call our officer first."]\n')
    workspace_setting(review=Review(emergency_steps=own))
    assert steps_of(["FR"])[0].steps == ("Call our officer first.",)
    assert steps_of(["DE"])[0].country == "DE"


@pytest.mark.parametrize("wrong", ["no toml at all [", '[FR]\nsteps = ["x"]\n', "FR = 1\n"])
def test_a_file_that_cannot_be_read_is_named(wrong: str, tmp_path: Path, workspace_setting: Any) -> None:
    own = tmp_path / "own.toml"
    own.write_text(wrong)
    workspace_setting(review=Review(emergency_steps=own))
    with pytest.raises(ReviewError, match=r"own\.toml"):
        steps_of(["FR"])


@pytest.mark.usefixtures("db")
def test_the_reason_is_sealed_kept_and_the_latest_counts(own_case: Any, vault: Any, actor_with: Any) -> None:
    actor, case, _item = own_case()
    Occurrence.objects.update(country="DE")
    assert pane_for(actor, case).danger is None
    set_imminent_danger(actor, case)
    case.refresh_from_db()
    assert escalation_reason(actor, case) == ""
    escalate(actor, case, "  the messages name a meeting today ")
    escalate(actor, case, "the messages name a meeting at noon")
    assert b"meeting" not in b"".join(bytes(one.reason) for one in Escalation.objects.all())
    danger = pane_for(actor, case).danger
    assert danger is not None
    assert danger.reason == "the messages name a meeting at noon"
    assert [steps.country for steps in danger.steps] == ["DE", ""]
    assert emergency_steps(case) == danger.steps
    for wrong in (" ", "x" * 3001):
        with pytest.raises(ReviewError):
            escalate(actor, case, wrong)
    with pytest.raises(PermissionDenied):
        escalate(actor_with(Role.AUDITOR), case, "why")
