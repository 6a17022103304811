"""Every setting is documented with its default, and Django's own deployment checks find nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from django.conf import settings
from django.core import checks
from pydantic import BaseModel

from safelight.errors import UsageError
from safelight.server.config import Config, load

PAGE = Path(__file__).parents[3] / "docs" / "operator" / "settings.md"
NESTED: dict[str, type[BaseModel]] = {
    name: kind
    for name, field in Config.model_fields.items()
    for kind in (field.annotation, *get_args(field.annotation))
    if isinstance(kind, type) and issubclass(kind, BaseModel)
}


def documented() -> dict[str, str]:
    return dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", PAGE.read_text(), re.MULTILINE))


def settings_there_are() -> dict[str, object]:
    there = {name: field.default for name, field in Config.model_fields.items()}
    for prefix, model in NESTED.items():
        there |= {f"{prefix}.{name}": field.default for name, field in model.model_fields.items()}
    return there


def test_every_setting_is_documented_and_no_other():
    assert set(documented()) == set(settings_there_are())


@pytest.mark.parametrize("name", sorted(settings_there_are()))
def test_the_documented_default_is_the_default(name):
    default = settings_there_are()[name]
    if isinstance(default, bool | int):
        assert documented()[name] == str(default).lower()


def test_every_group_of_settings_is_looked_into():
    assert {"limits", "retention", "oidc", "mail", "alerts", "fetching", "webhooks"} <= set(NESTED)


def test_a_misspelt_setting_is_named(tmp_path, monkeypatch):
    (tmp_path / "server.toml").write_text("prot = 1\n[limits]\nbody_mib = 0\n")
    with pytest.raises(UsageError) as refused:
        load(tmp_path)
    assert "prot" in str(refused.value)
    assert "limits.body_mib" in str(refused.value)


def test_what_is_given_wins_over_environment_and_file(tmp_path, monkeypatch):
    (tmp_path / "server.toml").write_text("port = 1001\nweb_workers = 3\n")
    assert load(tmp_path).port == 1001
    monkeypatch.setenv("SAFELIGHT_PORT", "1002")
    assert load(tmp_path).port == 1002
    assert load(tmp_path, port=1003).port == 1003
    assert load(tmp_path).web_workers == 3


def test_deployment_checks_find_nothing():
    found = checks.run_checks(include_deployment_checks=True)
    assert [issue for issue in found if not issue.is_silenced()] == []


def test_the_content_policy_allows_nothing_from_elsewhere_and_nothing_inline():
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert directives["default-src"] == ["'none'"]
    for name, sources in directives.items():
        assert set(sources) <= {"'none'", "'self'"}, name
    assert directives["frame-ancestors"] == directives["base-uri"] == ["'none'"]
