"""Asks the sandboxed reader for the evidence in a file, and puts it in order and in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import PROVENANCE
from safelight.media.sandbox.messages import EvidenceFound
from safelight.provenance.anchors import shipped
from safelight.provenance.evidence import Evidence, Kind
from safelight.provenance.request import Anchors, Request
from safelight.provenance.summaries import summary
from safelight.types import Grade, Problem, Provenance

_ORDER: Final = {grade: place for place, grade in enumerate(Grade)}
_KINDS: Final = {kind: place for place, kind in enumerate(Kind)}


def examine(
    fd: int, mime: str, sandbox: Sandbox, *, anchors: Anchors | None = None, prompts: bool = False
) -> tuple[tuple[Provenance, ...], tuple[Problem, ...]]:
    """Every item of evidence, the strongest grade first; and what kept the reader from looking.

    Nothing found is an empty tuple, and says nothing either way. ``anchors`` are the trust lists (default:
    the shipped one). ``prompts`` takes prompt texts along: a prompt can itself be abuse, so only where the
    operator switched that on for assessment. Raises :class:`~safelight.errors.SandboxError` where there is no
    sandbox to read in.
    """
    request = Request(mime, anchors or shipped(), prompts)
    reply = sandbox.decode(PROVENANCE.name, fd, request.pack())
    found = (_evidence(message) for message in reply.messages if isinstance(message, EvidenceFound))
    return in_order(_provenance(evidence) for evidence in found if evidence), reply.problems


def in_order(found: Iterable[Provenance]) -> tuple[Provenance, ...]:
    """By grade, strongest first, and within a grade by kind."""
    return tuple(sorted(found, key=lambda p: (_ORDER[p.grade], _KINDS.get(Kind(p.kind), 0))))


def of(kind: Kind, grade: Grade, detail: dict[str, str]) -> Provenance:
    """An item of evidence with its sentence, for what is learnt outside the sandbox."""
    return _provenance(Evidence(kind, grade, detail))


def _evidence(message: EvidenceFound) -> Evidence | None:
    # A child that a file took over could say anything; an unknown kind or grade is no evidence.
    try:
        return Evidence(Kind(message.kind), Grade(message.grade), dict(message.detail))
    except ValueError:
        return None


def _provenance(evidence: Evidence) -> Provenance:
    return Provenance(evidence.kind.value, evidence.grade, summary(evidence), evidence.detail)
