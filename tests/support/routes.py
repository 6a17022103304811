"""Every route that the server answers, read from its URL map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    """One pattern, with its arguments in braces; ``methods`` where the URL map tells them."""

    path: str
    methods: tuple[str, ...] | None = None

    @property
    def arguments(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)


def all_routes() -> list[Route]:
    of_the_api = dict(_of_the_api())
    found = {path: of_the_api.get(path) for path in _walk("/", get_resolver().url_patterns)}
    assert of_the_api.keys() <= found.keys()
    return [Route(path, methods) for path, methods in sorted(found.items())]


def _walk(prefix: str, patterns: list[Any]) -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(path, pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def _of_the_api() -> Iterator[tuple[str, tuple[str, ...]]]:
    from safelight.server.api.urls import api

    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            whole = f"/api/v1{prefix}{path}"
            named = re.sub(r"{(?:\w+:)?(\w+)}", r"{\1}", whole)
            yield named, tuple(sorted(method for one in view.operations for method in one.methods))
