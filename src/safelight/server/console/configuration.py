"""The configuration as this server read it, each setting with what it means; nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from safelight.server.config import Config
from safelight.server.console.access import page
from safelight.server.people.actors import PersonActor
from safelight.server.people.roles import Permission

_WITH_CREDENTIALS: Final = frozenset({"database_url", "evidence_url"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, in the words of the documentation."""

    name: str
    variable: str
    value: str
    meaning: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that stand under one heading of the file."""

    name: str
    settings: tuple[Setting, ...]


@page(Permission.SETTINGS_CHANGE)
def configuration(request: HttpRequest, actor: PersonActor) -> HttpResponse:  # noqa: ARG001 - every page has one
    """Every setting and its present value."""
    return render(request, "console/settings.html", {"sections": list(_sections(settings.CONFIG))})


def _sections(config: Config) -> Iterator[Section]:
    fields = type(config).model_fields
    plain: list[tuple[str, FieldInfo, Any]] = []
    nested: list[tuple[str, FieldInfo, Any]] = []
    for name, field in fields.items():
        value = getattr(config, name)
        (nested if isinstance(value, BaseModel) else plain).append((name, field, value))
    yield Section("", tuple(_setting(name, field, value, "") for name, field, value in plain))
    for name, _field, model in nested:
        inner = type(model).model_fields.items()
        yield Section(name, tuple(_setting(key, field, getattr(model, key), name) for key, field in inner))


def _setting(name: str, field: FieldInfo, value: Any, section: str) -> Setting:  # noqa: ANN401 - of any type
    path = f"{section}__{name}" if section else name
    return Setting(
        name=name,
        variable=f"SAFELIGHT_{path.upper()}",
        value=_shown(name, value),
        meaning=field.description or "",
        is_default=not field.is_required() and value == field.get_default(call_default_factory=True),
    )


def _shown(name: str, value: Any) -> str:  # noqa: ANN401 - a setting of any type
    match value:
        case SecretStr():
            return _("set, not shown")
        case None | "":
            return "-"
        case bool():
            return _("yes") if value else _("no")
        case str() if name in _WITH_CREDENTIALS:
            url = urlsplit(value)
            return f"{url.scheme}://{url.hostname or ''}{f':{url.port}' if url.port else ''}{url.path}"
        case list() | tuple() | set() | frozenset():
            return ", ".join(map(str, value)) or "-"
        case _:
            return str(value)
