"""Who may call the routes of looking; the services say the same, and for each case anew."""

from __future__ import annotations

from typing import Final

from safelight.server.people.roles import Permission as P  # noqa: N817 - a table of permissions
from safelight.server.rules import SIGNED_IN, Rule, holding

RULES: Final[dict[str, Rule]] = {
    "POST /review/cases/{case_id}/items/{item_id}/": holding(P.EVIDENCE_VIEW, elsewhere=()),
    "POST /review/cases/{case_id}/items/{item_id}/loudness/": holding(P.EVIDENCE_VIEW, elsewhere=()),
    "GET /review/cases/{case_id}/items/{item_id}/inside/": holding(P.EVIDENCE_VIEW, elsewhere=()),
    "POST /review/cases/{case_id}/items/{item_id}/inside/": holding(P.EVIDENCE_VIEW, elsewhere=()),
    # What they name belongs to one session of one person; to others it does not exist.
    "GET /review/renderings/{token}/": holding(P.CASE_TAKE),
    "GET /review/segments/{token}/": holding(P.CASE_TAKE),
    "POST /review/viewings/{viewing_id}/": holding(P.CASE_TAKE),
    "POST /review/cases/{case_id}/items/{item_id}/metadata/": holding(P.EVIDENCE_VIEW, elsewhere=()),
    "POST /review/cases/{case_id}/release/": holding(P.CASE_RELEASE),
    "POST /review/cases/{case_id}/escalation/": holding(P.CASE_ALARM),
    "GET /exposure/": SIGNED_IN,
    "POST /exposure/do/": SIGNED_IN,
    "GET /exposure/team/": holding(P.WELLBEING_SET),
    "POST /exposure/team/": holding(P.WELLBEING_SET),
    "GET /exposure/search/": holding(P.LEDGER_READ, P.FIGURES_READ),
    "POST /exposure/search/": holding(P.LEDGER_READ, P.FIGURES_READ),
    # Besides, a second person's release; without it, nobody is let in.
    "GET /exposure/people/{person_id}/": Rule(),
}
