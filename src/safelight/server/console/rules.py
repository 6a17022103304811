"""Who may open which page of the console; the guards beside the views say the same."""

from __future__ import annotations

from typing import Final

from safelight.server.people.roles import Permission as P  # noqa: N817 - a table of permissions
from safelight.server.rules import SIGNED_IN, Rule, holding

_QUEUE: Final = holding(P.CASE_READ_ALL, P.CASE_TAKE)
_CASE: Final = holding(P.CASE_READ_ALL, P.CASE_TAKE, elsewhere=(P.CASE_READ_ALL,))
_BUNDLES: Final = holding(P.EVIDENCE_EXPORT)
_LISTS: Final = holding(P.LIST_READ)
_LISTS_CHANGE: Final = holding(P.LIST_CHANGE)
_KEYS: Final = holding(P.KEY_CHANGE)
_SURFACES: Final = holding(P.SURFACE_CHANGE)
_SETTINGS: Final = holding(P.SETTINGS_CHANGE)

RULES: Final[dict[str, Rule]] = {
    "GET /": SIGNED_IN,
    "POST /alerts/{alert_id}/": holding(P.JOBS_RETRY),
    "GET /cases/": _QUEUE,
    "POST /cases/next/": holding(P.CASE_TAKE),
    "GET /cases/{case_id}/": _CASE,
    # Each act asks for its own permission in its service; what is refused is told on the page.
    "POST /cases/{case_id}/do/": _QUEUE,
    "POST /cases/{case_id}/words/{occurrence_id}/": holding(P.EVIDENCE_VIEW, elsewhere=()),
    "POST /cases/{case_id}/reports/": holding(P.REPORT_FILE),
    "GET /reports/": holding(P.CASE_READ_ALL),
    "GET /reports/{report_id}/": holding(P.CASE_READ_ALL),
    "POST /reports/{report_id}/do/": holding(P.REPORT_FILE),
    "GET /reports/{report_id}/edit/{section}/": holding(P.REPORT_FILE),
    "POST /reports/{report_id}/edit/{section}/": holding(P.REPORT_FILE),
    "GET /reports/{report_id}/files/{file_id}/": holding(P.REPORT_FILE),
    "POST /reports/{report_id}/files/{file_id}/": holding(P.REPORT_FILE),
    "GET /cases/{case_id}/evidence/": _CASE,
    "POST /cases/{case_id}/evidence/{object_id}/": holding(P.EVIDENCE_HOLD, P.EVIDENCE_DESTROY),
    "GET /bundles/": _BUNDLES,
    "POST /bundles/ask/": _BUNDLES,
    "POST /bundles/recipients/": _BUNDLES,
    "POST /bundles/recipients/{recipient_id}/": _BUNDLES,
    "POST /bundles/{bundle_id}/file/": _BUNDLES,
    "GET /proposals/": SIGNED_IN,
    # Each kind asks for its own permission; this is that of the kind in the matrix, a role.
    "POST /proposals/{proposal_id}/": holding(P.PEOPLE_CHANGE),
    "GET /complaints/": holding(P.CASE_READ_ALL),
    "POST /complaints/{complaint_id}/": holding(P.DECISION_SECOND),
    "GET /unscanned/": holding(P.INTAKE_READ),
    "POST /unscanned/{item_id}/": holding(P.INTAKE_RESCAN),
    "GET /lists/": _LISTS,
    "GET /lists/new/": _LISTS_CHANGE,
    "POST /lists/new/": _LISTS_CHANGE,
    "GET /lists/named/{name}/": _LISTS,
    "POST /lists/named/{name}/settings/": _LISTS_CHANGE,
    "POST /lists/named/{name}/entries/": _LISTS_CHANGE,
    "POST /lists/named/{name}/batches/{batch_id}/": _LISTS_CHANGE,
    "POST /lists/named/{name}/do/": _LISTS_CHANGE,
    "GET /keys/": _KEYS,
    "POST /keys/": _KEYS,
    "POST /keys/{key_id}/": _KEYS,
    "GET /surfaces/": _SURFACES,
    "POST /surfaces/": _SURFACES,
    "GET /surfaces/{surface_id}/": _SURFACES,
    "POST /surfaces/{surface_id}/": _SURFACES,
    "POST /surfaces/{surface_id}/retire/": _SURFACES,
    "POST /bases/{basis_id}/withdraw/": _SURFACES,
    "GET /webhooks/": _SETTINGS,
    "POST /webhooks/": _SETTINGS,
    "POST /webhooks/{endpoint_id}/": _SETTINGS,
    "POST /deliveries/{delivery_id}/": _SETTINGS,
    "GET /hotlines/": holding(P.REPORT_FILE, P.JOBS_READ),
    "POST /hotlines/production/": _SETTINGS,
    "POST /hotlines/resume/": holding(P.JOBS_RETRY),
    "GET /jobs/": holding(P.JOBS_READ),
    "POST /jobs/{job_id}/retry/": holding(P.JOBS_RETRY),
    "GET /ledger/": holding(P.LEDGER_READ),
    "GET /settings/": _SETTINGS,
    "GET /api/": SIGNED_IN,
    "GET /api/openapi.json": SIGNED_IN,
    "GET /about/": SIGNED_IN,
}
