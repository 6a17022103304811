"""The API's own description: OpenAPI 3.1, with what the library cannot know of our answers."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from ninja import NinjaAPI, Schema

PROBLEM_TYPE: Final = "application/problem+json"


class ProblemOut(Schema):
    """What is wrong and what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class VerdictOut(Schema):
    """What became of a file: to a server's key the verdict, to an uploader's that it arrived."""

    status: str
    id: UUID | None = None
    outcome: str | None = None
    reason: str | None = None
    limited: str | None = None


PROBLEMS: Final[dict[Any, Any]] = {
    frozenset({400, 401, 403, 404, 409, 411, 413, 421, 422, 429, 502, 503}): ProblemOut
}
"""Every way in which a request can fail, in one form."""


class DescribedAPI(NinjaAPI):
    """The library's API, whose description says in which media type problems are told."""

    def get_openapi_schema(self, **told: Any) -> Any:  # noqa: ANN401 - the library's signature
        """The document."""
        schema = super().get_openapi_schema(**told)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for answer in operation["responses"].values():
                    _as_problem(answer)
        return schema


def _as_problem(answer: dict[str, Any]) -> None:
    content = answer.get("content", {})
    told = content.get("application/json", {}).get("schema", {})
    if told.get("$ref", "").endswith("/ProblemOut"):
        answer["content"] = {PROBLEM_TYPE: content["application/json"]}
        answer["description"] = "What is wrong and what to do (RFC 9457)"
