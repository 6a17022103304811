"""Writes the API's page for integrators and its OpenAPI document from the routes themselves.

Run it after changing a route; a test fails while the pages and the routes disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safelight.server.rules import Rule

DOCS = Path(__file__).parents[1] / "docs" / "integrator"
PAGE = DOCS / "api-reference.md"
DOCUMENT = DOCS / "openapi.json"
_HEAD = """# API reference

Every route below `http://localhost:8400/api/v1`. Written by `tools/api_reference.py` from the routes; the
same as [OpenAPI 3.1](openapi.json), which a running server gives at `/api/v1/openapi.json` to whoever is
signed in.

* **Keys.** `Authorization: Bearer slk_…`, made by an administrator, bound to one surface, with scopes.
  *Server* keys are for the platform's own server and get verdicts; *uploader* keys may be used where an
  uploader sees the answer, and get one answer for everything that is not clear.
* **People.** Routes that name a permission are for people signed in to the console; what changes something
  needs the CSRF token of its pages in `X-CSRFToken`.
* **Errors** are problem documents (RFC 9457, `application/problem+json`): `status`, and in `detail` what to
  do.
* **Numbers.** Lists come in pages of `limit` (1 to 200); `after` of one page asks for the next.
"""


def document() -> dict[str, Any]:
    """The OpenAPI document, as the server gives it."""
    from safelight.server.api import openapi, urls  # noqa: PLC0415 - Django has to be set up

    return openapi.document(urls.api)


def page() -> str:
    """The page, in Markdown."""
    from safelight.server.rules import rules  # noqa: PLC0415

    schema, sections = document(), [_HEAD]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            sections += [f"## `{name}`\n", _text(operation), f"*Who:* {_who(rules()[name])}\n"]
            sections += _told(operation, schema)
    return "\n".join(sections)


def _text(operation: dict[str, Any]) -> str:
    return f"{operation.get('description', operation['summary']).strip()}\n"


def _who(rule: Rule) -> str:
    told = []
    if rule.anyone:
        told.append("anyone")
    if rule.scope is not None:
        kinds = " or ".join(sorted(f"*{audience}*" for audience in rule.audiences))
        told.append(f"a {kinds} key with the scope `{rule.scope}`")
    if rule.any_key:
        told.append("a *server* key")
    if rule.any_of:
        told.append("a person with " + " or ".join(f"`{one}`" for one in rule.any_of))
    return "; ".join(told) + "."


def _told(operation: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            yield f"* query `{parameter['name']}`: {_kind(parameter['schema'])}"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        yield "Body:\n"
        yield from _fields(_resolved(body["schema"], schema), schema)
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json")
        if status in {"200", "201", "202"} and content:
            yield f"\n{status}:\n"
            yield from _fields(_resolved(content["schema"], schema), schema)
    yield ""


def _resolved(kind: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference, a list's items or the first of several stand for."""
    if "items" in kind:
        return _resolved(kind["items"], schema)
    if "anyOf" in kind:
        return {"anyOf": [_resolved(one, schema) for one in kind["anyOf"]]}
    if "$ref" in kind:
        found: dict[str, Any] = schema["components"]["schemas"][kind["$ref"].rpartition("/")[2]]
        return found
    return kind


def _fields(kind: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    if "anyOf" in kind:
        for one in kind["anyOf"]:
            yield f"*{one.get('description', '')}*\n"
            yield from _fields(one, schema)
            yield ""
        return
    required = set(kind.get("required", []))
    for name, field in kind.get("properties", {}).items():
        optional = "" if name in required else ", optional"
        about = f": {field['description']}" if "description" in field else ""
        yield f"* `{name}` ({_kind(field)}{optional}){about}"


def _kind(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(_kind(one) for one in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{one}`" for one in field["enum"])
    if field.get("type") == "array":
        return f"list of {_kind(field['items'])}"
    return str(field.get("format") or field.get("type", "any"))


def _write() -> None:
    DOCUMENT.write_text(json.dumps(document(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    import os
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "server_settings"
    import django

    django.setup()
    _write()
