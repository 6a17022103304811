"""The API's own description (OpenAPI), as a page: no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from safelight.server.api.openapi import document
from safelight.server.api.urls import api
from safelight.server.console.access import page
from safelight.server.people.actors import PersonActor

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_DEEPEST: Final = 6


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body; ``depth`` says how far within others it is."""

    name: str
    type: str
    needed: bool
    says: str
    depth: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and what it means."""

    status: str
    says: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    title: str
    paragraphs: tuple[str, ...]
    parameters: tuple[Field, ...]
    bodies: tuple[tuple[str, tuple[Field, ...]], ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Operations of one tag."""

    title: str
    operations: tuple[Operation, ...]


@page()
def api_docs(request: HttpRequest, actor: PersonActor) -> HttpResponse:  # noqa: ARG001 - every page has one
    """Every operation with its parameters, bodies and answers."""
    schema = document(api)
    chapters: dict[str, list[Operation]] = {}
    for operation, tag in _operations(schema):
        chapters.setdefault(tag, []).append(operation)
    context = {
        "chapters": [Chapter(title, tuple(found)) for title, found in chapters.items()],
        "version": schema["info"]["version"],
        "openapi": schema["openapi"],
        "address": settings.CONFIG.public_url,
    }
    return render(request, "console/api.html", context)


@page()
def api_schema(request: HttpRequest, actor: PersonActor) -> HttpResponse:  # noqa: ARG001 - every page has one
    """The same as OpenAPI's JSON, for tools."""
    return JsonResponse(document(api), json_dumps_params={"indent": 2})


def _operations(schema: Mapping[str, Any]) -> Iterator[tuple[Operation, str]]:
    for path, methods in schema["paths"].items():
        for method in _METHODS:
            told = methods.get(method)
            if told is None:
                continue
            tags = told.get("tags") or [path.removeprefix("/api/v1/").partition("/")[0]]
            yield _operation(schema, path, method, told), str(tags[0]).capitalize()


def _operation(schema: Mapping[str, Any], path: str, method: str, told: Mapping[str, Any]) -> Operation:
    content = told.get("requestBody", {}).get("content", {})
    return Operation(
        id=told.get("operationId", f"{method}{path}").replace("/", "-"),
        method=method.upper(),
        path=path,
        title=told.get("summary", ""),
        paragraphs=tuple(p for p in told.get("description", "").replace("`", "").split("\n\n") if p.strip()),
        parameters=tuple(
            Field(
                p["name"],
                _type(schema, p.get("schema", {})),
                p.get("required", False),
                p.get("description", "") or p.get("schema", {}).get("description", ""),
                place=p["in"],
            )
            for p in told.get("parameters", ())
        ),
        bodies=tuple(
            (media, tuple(_fields(schema, body.get("schema", {})))) for media, body in content.items()
        ),
        answers=tuple(
            Answer(str(status), _meaning(status, answer), tuple(_answered(schema, answer)))
            for status, answer in told.get("responses", {}).items()
        ),
    )


def _meaning(status: object, answer: Mapping[str, Any]) -> str:
    said = str(answer.get("description", ""))
    try:
        return said or HTTPStatus(int(str(status))).phrase
    except ValueError:
        return said


def _answered(schema: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[Field]:
    for body in answer.get("content", {}).values():
        yield from _fields(schema, body.get("schema", {}))
        return


def _fields(schema: Mapping[str, Any], told: Mapping[str, Any], depth: int = 0) -> Iterator[Field]:
    told = _resolved(schema, told)
    if told.get("type") == "array":
        told = _resolved(schema, told.get("items", {}))
    needed = set(told.get("required", ()))
    for name, field in told.get("properties", {}).items():
        resolved = _resolved(schema, field)
        says = field.get("description") or resolved.get("description", "")
        yield Field(name, _type(schema, field), name in needed, says, depth)
        if depth < _DEEPEST:
            yield from _fields(schema, resolved, depth + 1)


def _resolved(schema: Mapping[str, Any], told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference points at; of alternatives the first that is not null."""
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in told:
            others = [option for option in told[choice] if option.get("type") != "null"]
            return _resolved(schema, others[0]) if others else told
    reference = told.get("$ref")
    if reference is None:
        return told
    found: Any = schema
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return _resolved(schema, found)


def _type(schema: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    told = _resolved(schema, told)
    if "enum" in told:
        return " | ".join(map(str, told["enum"]))
    kind = str(told.get("type", "any"))
    if kind == "array":
        return f"list of {_type(schema, told.get('items', {}))}"
    if "format" in told:
        return f"{kind}, {told['format']}"
    return kind
