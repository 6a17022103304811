"""Who may open which page of assessments; the guards beside the views say the same."""

from __future__ import annotations

from typing import Final

from safelight.server.people.roles import Permission as P  # noqa: N817 - a table of permissions
from safelight.server.rules import Rule, holding

_OWN: Final = holding(P.CASE_TAKE, elsewhere=())
_REVIEW: Final = holding(P.CASE_TAKE)
_LISTS: Final = holding(P.LIST_CHANGE)
_READ: Final = holding(P.CASE_READ_ALL)

RULES: Final[dict[str, Rule]] = {
    "GET /cases/{case_id}/items/{item_id}/": _OWN,
    "POST /cases/{case_id}/items/{item_id}/": _OWN,
    "GET /cases/{case_id}/items/{item_id}/stack/": _OWN,
    "POST /cases/{case_id}/items/{item_id}/stack/": _OWN,
    "POST /cases/{case_id}/items/{item_id}/same/": _OWN,
    "POST /cases/{case_id}/places/{occurrence_id}/decide/": _OWN,
    "POST /cases/{case_id}/finish/": _OWN,
    "GET /opinions/": _REVIEW,
    "POST /opinions/next/": _REVIEW,
    "GET /opinions/{opinion_id}/": _REVIEW,
    "POST /opinions/{opinion_id}/": _REVIEW,
    "POST /opinions/{opinion_id}/back/": _REVIEW,
    "GET /agreement/": holding(P.FIGURES_READ),
    "POST /agreement/golden/": holding(P.WELLBEING_SET),
    "GET /suggestions/": _LISTS,
    "POST /suggestions/{suggestion_id}/": _LISTS,
    "GET /corrections/": _READ,
    "POST /corrections/{correction_id}/": holding(P.DECISION_SECOND),
}
