"""The chain of custody of a case: every ledger row about it, its files and their evidence, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from safelight.bundle.description import CustodyStep
from safelight.server.bundle.models import Export
from safelight.server.cases.models import Case, CaseOccurrence
from safelight.server.ledger.models import LedgerHead, LedgerLeaf
from safelight.server.ledger.pseudonyms import pseudonyms
from safelight.server.vault.models import Preserved, SealedObject

_MANY = 500


def custody_of(case: Case, names: Mapping[UUID, str]) -> tuple[tuple[CustodyStep, ...], list[UUID]]:
    """The steps in the order of their places, and the ids of their rows.

    ``names`` are what to call items. Only rows that the newest signed head covers; the reading of the files
    for the bundle itself comes after them.
    """
    newest = LedgerHead.objects.order_by("-size").first()
    if newest is None:
        return (), []
    told = {name: about for id_, about in _about(case, names).items() for name in pseudonyms(id_)}
    known = sorted(told)
    leaves: list[LedgerLeaf] = []
    for start in range(0, len(known), _MANY):
        some = known[start : start + _MANY]
        found = LedgerLeaf.objects.filter(row__subject__in=some, index__lt=newest.size)
        leaves.extend(found.select_related("row"))
    leaves.sort(key=lambda leaf: leaf.index)
    steps = tuple(
        CustodyStep(
            row=leaf.index,
            at=leaf.row.at,
            event=leaf.row.event,
            actor=leaf.row.actor,
            subject=leaf.row.subject,
            about=told[leaf.row.subject],
        )
        for leaf in leaves
    )
    return steps, [leaf.row_id for leaf in leaves]


def _about(case: Case, names: Mapping[UUID, str]) -> dict[UUID, str]:
    """What each id in the ledger is, in words."""
    about = {case.pk: "the case"}
    for occurrence, intake, item in CaseOccurrence.objects.filter(case=case).values_list(
        "occurrence", "occurrence__intake", "occurrence__item"
    ):
        of_a_file = cast("UUID | None", item)  # its stubs know no outer join
        what = "a text or address" if of_a_file is None else names.get(of_a_file, "an item")
        about[occurrence] = f"occurrence of {what}"
        about[intake] = f"arrival of {what}"
    about |= dict(names)
    for object_, item in SealedObject.objects.filter(item__in=list(names)).values_list("pk", "item"):
        about[object_] = f"sealed evidence of {names[item]}"
    for object_ in Preserved.objects.filter(case=case, context__isnull=False).values_list(
        "context", flat=True
    ):
        about[object_] = "sealed context of the case"
    for bundle, proposal, recipient in Export.objects.filter(case=case).values_list(
        "pk", "proposal", "recipient"
    ):
        about[bundle] = about[proposal] = f"handing out, bundle {bundle}"
        about[recipient] = "a recipient of evidence"
    return about
