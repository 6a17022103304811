"""The OpenAPI 3.1 document: served to those who are signed in, and written to a file by the command line."""

from __future__ import annotations

import functools
import json
from typing import Any, Final

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from pydantic.json_schema import models_json_schema

from safelight.server.api.schemas import ReportIn

_REF: Final = "#/components/schemas/{model}"
_PREFIX: Final = "/api/v1/"


def document(api: NinjaAPI) -> dict[str, Any]:
    """Every route, in plain JSON values, which are the caller's own."""
    read: dict[str, Any] = json.loads(_written(api))
    return read


@functools.cache
def _written(api: NinjaAPI) -> str:
    """Once a process: it does not change while the server runs, and describing every route takes long."""
    made: dict[str, Any] = json.loads(json.dumps(OpenAPISchema(api, _PREFIX), default=str))
    # Bodies that may also be forms are described by hand, and so is what they refer to.
    _, by_hand = models_json_schema([(ReportIn, "validation")], ref_template=_REF)
    made["components"]["schemas"] = by_hand["$defs"] | made["components"]["schemas"]
    for operations in made["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                _as_problem(answer)
    made["servers"] = [{"url": "http://localhost:8400", "description": "as `safelight serve` prints it"}]
    return json.dumps(made)


def _as_problem(answer: dict[str, Any]) -> None:
    """Problems have a media type of their own (RFC 9457), which the library cannot know."""
    told = answer.get("content", {}).get("application/json", {})
    if told.get("schema", {}).get("$ref", "").endswith("/Problem"):
        answer["content"] = {"application/problem+json": told}
