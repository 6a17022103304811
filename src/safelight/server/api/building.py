"""The API made from its routers, with one way to tell who calls and one way to tell what went wrong."""

from __future__ import annotations

from typing import Final

from ninja import NinjaAPI

from safelight.server.api.documents import DescribedAPI
from safelight.server.api.keys import PlatformKey
from safelight.server.api.problems import tell_problems
from safelight.server.api.routes import ROUTERS

NAMESPACE: Final = "api-1"


def build_api(namespace: str = NAMESPACE) -> NinjaAPI:
    """Version 1 of the API. A platform's key is asked for unless a router or a route says otherwise."""
    api = DescribedAPI(
        title="Safelight",
        version="1",
        urls_namespace=namespace,
        docs_url=None,
        openapi_url="/openapi.json",
        auth=PlatformKey(),
    )
    tell_problems(api)
    for router in ROUTERS:
        api.add_router("", router)
    return api
