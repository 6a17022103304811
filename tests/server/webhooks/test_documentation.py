"""What the integrator's page says: the example verifies a real message, and the table is the real one."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from safelight.server.webhooks.kinds import FIELDS, Form, Kind
from safelight.server.webhooks.signing import new_secret, signed_headers

PAGE = (Path(__file__).parents[3] / "docs" / "integrator" / "webhooks.md").read_text(encoding="utf-8")
BODY = b'{"type":"case.opened"}'


@pytest.fixture
def verify() -> Any:
    [example] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    there: dict[str, Any] = {}
    exec(compile(example, "webhooks.md", "exec"), there)
    return there["verify"]


def test_the_example_verifies_what_we_sign(verify: Any) -> None:
    secret, earlier = new_secret(), new_secret()
    headers = signed_headers("msg_1", datetime.now(UTC), BODY, [secret, earlier])
    assert verify(secret, headers, BODY)
    assert verify(earlier, headers, BODY)


def test_and_nothing_else(verify: Any) -> None:
    secret = new_secret()
    headers = signed_headers("msg_1", datetime.now(UTC), BODY, [secret])
    assert not verify(new_secret(), headers, BODY)
    assert not verify(secret, headers, BODY + b" ")
    assert not verify(secret, {**headers, "webhook-id": "msg_2"}, BODY)
    old = signed_headers("msg_1", datetime.fromtimestamp(time.time() - 600, UTC), BODY, [secret])
    assert not verify(secret, old, BODY)


def test_the_table_names_every_kind_with_its_fields() -> None:
    rows = re.findall(r"^\| (`[a-z.]+`(?:, `[a-z.]+`)*) \| .*? \| (.*?) \|$", PAGE, re.MULTILINE)
    told = {Kind(kind): fields for kinds, fields in rows for kind in re.findall(r"`([a-z.]+)`", kinds)}
    assert set(told) == set(Kind)
    for kind, fields in told.items():
        names = {name for name, form in FIELDS[kind].items() if form is not Form.NAME}
        assert set(re.findall(r"`(\w+)`", fields)) == names, kind
        assert ("place" in fields) == (len(names) < len(FIELDS[kind])), kind
