"""The API's description is whole, and the pages written from it are up to date."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from routes import all_routes

ROOT = Path(__file__).parents[3]


@pytest.fixture
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("api_reference", ROOT / "tools" / "api_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_what_the_routes_say(reference: ModuleType) -> None:
    remedy = "run: .venv/bin/python tools/api_reference.py"
    assert json.loads(reference.DOCUMENT.read_text()) == reference.document(), remedy
    assert reference.PAGE.read_text() == reference.page(), remedy


def test_every_route_of_the_api_is_described(reference: ModuleType) -> None:
    described = reference.document()
    assert described["openapi"].startswith("3.1")
    there = {
        (route.path, method)
        for route in all_routes()
        if route.path.startswith("/api/v1/")
        for method in route.methods or ()
    }
    told = {(path, method.upper()) for path, methods in described["paths"].items() for method in methods}
    assert told == there


def test_every_operation_tells_what_it_does_and_how_it_fails(reference: ModuleType) -> None:
    for path, methods in reference.document()["paths"].items():
        for operation in methods.values():
            assert operation.get("description"), path
            assert operation.get("security"), path
            assert "403" in operation["responses"], path


def test_no_two_types_share_a_name(reference: ModuleType) -> None:
    """The library names a type by its last name; a second one would take the first one's place."""
    from enum import Enum

    from pydantic import BaseModel

    from safelight.server.api.urls import api

    seen: dict[str, type] = {}

    def walk(kind: object) -> None:
        if getattr(kind, "__metadata__", ()):
            return  # says itself how it is described
        if (
            isinstance(kind, type)
            and issubclass(kind, BaseModel | Enum)
            and kind.__module__.startswith("safelight")
        ):
            known = seen.setdefault(kind.__name__, kind)
            assert known is kind, f"{kind.__name__}: {known.__module__} and {kind.__module__}"
            if issubclass(kind, BaseModel) and known is kind and kind not in walked:
                walked.add(kind)
                for field in kind.model_fields.values():
                    walk(field.annotation)
        for part in getattr(kind, "__args__", ()):
            walk(part)

    walked: set[type] = set()
    for _, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                for model in operation.response_models.values():
                    if model is not None and hasattr(model, "model_fields"):
                        walk(model.model_fields["response"].annotation)
                for model in operation.models:
                    for field in model.model_fields.values():
                        walk(field.annotation)
    assert {"ListOut", "ComplaintIn", "Verdict"} <= set(seen)
