"""Every kind of alert is on the operator's page."""

from __future__ import annotations

import re
from pathlib import Path

from safelight.server.alerts.kinds import Kind

PAGE = Path(__file__).parents[3] / "docs" / "operator" / "alerts.md"


def test_every_kind_is_documented_and_no_other() -> None:
    told = re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(kind.value for kind in Kind)
