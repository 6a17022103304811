"""Safelight finds known abuse material by hash, with evidence, least exposure and honest counts.

The public interface, on one page. Everything is imported when first used, so that ``import safelight`` costs
next to nothing; see ``docs/integrator/library.md`` for a first program.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from safelight.errors import SafelightError, UsageError
    from safelight.lists import HashList, ListFormat
    from safelight.media.sandbox.limits import Limits
    from safelight.scan.observation import from_json, to_json
    from safelight.scan.policy import Policy, Rule
    from safelight.scan.policy_file import load_policy
    from safelight.scan.scanner import Scanner, hash, scan  # noqa: A004 - the field's word
    from safelight.types import (
        ListClass,
        ListEntry,
        Match,
        MediaKind,
        Observation,
        Outcome,
        Part,
        Picture,
        Problem,
        Provenance,
        ScanResult,
        SearchedList,
        Signal,
        Span,
        Transform,
        Unhashable,
        UnhashableReason,
        UnscannedReason,
        Verdict,
    )
    from safelight.workspace import Workspace

_WHERE: Final = {
    # To do
    "scan": "safelight",  # the room itself, which can be called
    "hash": "safelight.scan.scanner",
    "Scanner": "safelight.scan.scanner",
    "Limits": "safelight.media.sandbox.limits",
    # To compare with
    "HashList": "safelight.lists",
    "ListFormat": "safelight.lists",
    "Workspace": "safelight.workspace",
    # To decide by
    "Policy": "safelight.scan.policy",
    "Rule": "safelight.scan.policy",
    "load_policy": "safelight.scan.policy_file",
    # To hand on
    "to_json": "safelight.scan.observation",
    "from_json": "safelight.scan.observation",
    # What everything speaks
    "ListClass": "safelight.types",
    "ListEntry": "safelight.types",
    "Match": "safelight.types",
    "MediaKind": "safelight.types",
    "Observation": "safelight.types",
    "Outcome": "safelight.types",
    "Part": "safelight.types",
    "Picture": "safelight.types",
    "Problem": "safelight.types",
    "Provenance": "safelight.types",
    "ScanResult": "safelight.types",
    "SearchedList": "safelight.types",
    "Signal": "safelight.types",
    "Span": "safelight.types",
    "Transform": "safelight.types",
    "Unhashable": "safelight.types",
    "UnhashableReason": "safelight.types",
    "UnscannedReason": "safelight.types",
    "Verdict": "safelight.types",
    # What is raised on purpose; the whole tree is in safelight.errors
    "SafelightError": "safelight.errors",
    "UsageError": "safelight.errors",
}

__all__ = [
    "HashList",
    "Limits",
    "ListClass",
    "ListEntry",
    "ListFormat",
    "Match",
    "MediaKind",
    "Observation",
    "Outcome",
    "Part",
    "Picture",
    "Policy",
    "Problem",
    "Provenance",
    "Rule",
    "SafelightError",
    "ScanResult",
    "Scanner",
    "SearchedList",
    "Signal",
    "Span",
    "Transform",
    "Unhashable",
    "UnhashableReason",
    "UnscannedReason",
    "UsageError",
    "Verdict",
    "Workspace",
    "from_json",
    "hash",
    "load_policy",
    "scan",
    "to_json",
]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'safelight' has no attribute {name!r}")
    if name == "scan":
        return importlib.import_module("safelight.scan")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
