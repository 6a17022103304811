"""Evidence of a file's origin: signed manifests, embedded fields, open marks; graded, never a verdict."""

from safelight.provenance.anchors import anchors_of, listed, shipped, update
from safelight.provenance.evidence import Kind
from safelight.provenance.examine import examine, in_order, of
from safelight.provenance.request import Anchors
from safelight.provenance.summaries import NOTHING_FOUND

__all__ = [
    "NOTHING_FOUND",
    "Anchors",
    "Kind",
    "anchors_of",
    "examine",
    "in_order",
    "listed",
    "of",
    "shipped",
    "update",
]
