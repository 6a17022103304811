"""The API made from its routers, with one way to tell who calls and one way to tell what went wrong."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from safelight.server.api.keys import PlatformKey
from safelight.server.api.problems import tell_problems
from safelight.server.api.routes import ROUTERS

NAMESPACE: Final = "api-1"


class KeptNowhere(NinjaAPI):
    """The library's API, no answer of which is kept by a browser or a proxy."""

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        """The answer to be filled."""
        response = super().create_temporal_response(request)
        response["Cache-Control"] = "no-store"
        return response


def build_api(namespace: str = NAMESPACE) -> NinjaAPI:
    """Version 1 of the API. A platform's key is asked for unless a router or a route says otherwise."""
    api = KeptNowhere(
        title="Safelight",
        version="1",
        urls_namespace=namespace,
        docs_url=None,
        openapi_url=None,
        auth=PlatformKey(),
    )
    tell_problems(api)
    for router in ROUTERS:
        api.add_router("", router)
    return api
