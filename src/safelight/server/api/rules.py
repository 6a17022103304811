"""Who may call the routes of the API: a key by its scope, a person by what they are granted."""

from __future__ import annotations

from typing import Final

from safelight.server.intake.api_keys import Scope
from safelight.server.intake.models import ApiKey
from safelight.server.people.roles import Permission
from safelight.server.rules import ANYONE, SIGNED_IN, Rule, holding

P = Permission
_SERVER: Final = frozenset({ApiKey.Audience.SERVER})
_READ_LISTS: Final = Rule(any_of=(P.LIST_READ,), scope=Scope.LISTS, audiences=_SERVER)
_CHANGE_LISTS: Final = Rule(any_of=(P.LIST_CHANGE,), scope=Scope.LISTS, audiences=_SERVER)
_COMPLAIN: Final = Rule(scope=Scope.COMPLAINTS, audiences=_SERVER, elsewhere=())
_WEBHOOKS: Final = holding(P.SETTINGS_CHANGE)

RULES: Final[dict[str, Rule]] = {
    # Where the library would list routes; it answers that there is nothing.
    "GET /api/v1/": ANYONE,
    "GET /api/v1/openapi.json": SIGNED_IN,
    # Whatever else is asked for below /api/v1 is not there, for anybody.
    "GET /api/v1/^.*$": ANYONE,
    "POST /api/v1/scan": Rule(scope=Scope.SCAN),
    "POST /api/v1/scan/reference": Rule(scope=Scope.SCAN, audiences=_SERVER),
    "POST /api/v1/scan/batch": Rule(scope=Scope.SCAN, audiences=_SERVER),
    "POST /api/v1/gate": Rule(scope=Scope.SCAN, audiences=_SERVER),
    "POST /api/v1/hashes": Rule(scope=Scope.LOOK_UP, audiences=_SERVER),
    "PUT /api/v1/hashes/{id}/bytes": Rule(scope=Scope.LOOK_UP, audiences=_SERVER, elsewhere=()),
    "POST /api/v1/reports": Rule(scope=Scope.REPORT),
    "GET /api/v1/submissions/{id}": Rule(any_key=True, audiences=_SERVER, elsewhere=()),
    "GET /api/v1/lists": _READ_LISTS,
    "GET /api/v1/lists/{name}": _READ_LISTS,
    "PATCH /api/v1/lists/{name}": holding(P.LIST_CHANGE),
    "POST /api/v1/lists/{name}/entries": _CHANGE_LISTS,
    "POST /api/v1/lists/{name}/withdrawals": _CHANGE_LISTS,
    "GET /api/v1/cases": Rule(any_of=(P.CASE_TAKE, P.CASE_READ_ALL), scope=Scope.CASES, audiences=_SERVER),
    "GET /api/v1/cases/{case_id}": Rule(
        any_of=(P.CASE_READ_OWN, P.CASE_READ_ALL),
        elsewhere=(P.CASE_READ_ALL,),
        scope=Scope.CASES,
        audiences=_SERVER,
    ),
    "POST /api/v1/cases/{case_id}/decisions": Rule(any_of=(P.DECISION_MAKE,), elsewhere=()),
    "GET /api/v1/decisions": Rule(scope=Scope.CASES, audiences=_SERVER),
    "POST /api/v1/complaints": _COMPLAIN,
    "GET /api/v1/complaints/{complaint_id}": _COMPLAIN,
    "POST /api/v1/complaints/{complaint_id}/answer": holding(P.DECISION_SECOND),
    "GET /api/v1/webhooks": _WEBHOOKS,
    "POST /api/v1/webhooks": _WEBHOOKS,
    "POST /api/v1/webhooks/{endpoint_id}/secret": _WEBHOOKS,
    "DELETE /api/v1/webhooks/{endpoint_id}": _WEBHOOKS,
    "GET /api/v1/webhooks/deliveries": _WEBHOOKS,
    "POST /api/v1/webhooks/deliveries/{delivery_id}/resend": _WEBHOOKS,
}
