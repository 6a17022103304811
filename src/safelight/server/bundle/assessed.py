"""What stands as the assessment of an item, by axis, with the codes of the schemes that follow from it."""

from __future__ import annotations

from safelight.assessment.axes import answers
from safelight.assessment.schemes import derive
from safelight.server.assessment.loading import schemes
from safelight.server.assessment.services import standing_one
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.ledger.pseudonyms import pseudonym


def assessed(case: Case, item: Item) -> dict[str, str]:
    """By axis and by scheme; empty where nobody assessed it. The free note stays sealed here."""
    stored = standing_one(case, item)
    if stored is None:
        return {}
    told, known = stored.told(), schemes()
    codes = derive(told, known)
    found = {axis.replace("_", " "): answer.replace("_", " ") for axis, answer in answers(told).items()}
    if told.origin_basis:
        found["origin basis"] = ", ".join(sorted(one.value.replace("_", " ") for one in told.origin_basis))
    found |= {f"{one.title} ({one.version})": code for one in known if (code := codes[one.id]) is not None}
    found["assessed by"] = f"person:{pseudonym(stored.person_id)}, {stored.at:%Y-%m-%d %H:%M} UTC"
    return found
