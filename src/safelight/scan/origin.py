"""Whether to look for evidence of a file's origin, and what the evidence leads to: models that are listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from safelight.errors import SafelightError, SandboxError
from safelight.media.sandbox.client import Sandbox
from safelight.provenance import Anchors, Kind, examine, in_order, of
from safelight.scan.searching import Searched
from safelight.signals.weights import claimed_model
from safelight.types import Grade, ListClass, Match, Outcome, Provenance, Signal, Verdict


class Examine(StrEnum):
    """Of which files the evidence of origin is looked for.

    It takes some ten milliseconds a file. Whatever is chosen, it is looked for in every file while a list of
    class ``model`` is searched, since only the evidence tells which model a file names.
    """

    MATCHED = "matched"
    """Those that match or are held: what a person will look at."""
    ALWAYS = "always"
    NEVER = "never"


def wanted(examine_: Examine, verdict: Verdict, searched: Iterable[Searched]) -> bool:
    """Whether to look at this file."""
    if examine_ is not Examine.MATCHED:
        return examine_ is Examine.ALWAYS
    if verdict.outcome in (Outcome.MATCH, Outcome.HOLD):
        return True
    return any(
        info.list_class is ListClass.MODEL and info.entries for one in searched for info in one.lists()
    )


def evidence_of(
    fd: int, mime: str, sandbox: Sandbox, anchors: Anchors, *, prompts: bool = False
) -> tuple[Provenance, ...]:
    """Every item of evidence. What kept us from looking is an item too, never a reason against the file."""
    try:
        found, problems = examine(fd, mime, sandbox, anchors=anchors, prompts=prompts)
    except SandboxError as error:
        return (
            of(
                Kind.UNREADABLE, Grade.DAMAGED, {"reason": "sandbox_unavailable", "problem": str(error)[:200]}
            ),
        )
    kept = (of(Kind.UNREADABLE, Grade.DAMAGED, {"reason": p.reason.value}) for p in problems)
    return in_order((*found, *kept))


def named_models(found: Iterable[Provenance]) -> tuple[Signal, ...]:
    """The models that the evidence names, as signals."""
    texts = (
        text
        for item in found
        for name in ("model_hash", "lora_hashes")
        for text in item.detail.get(name, "").split(", ")
    )
    signals = {(s.type, s.value): s for text in texts if (s := claimed_model(text))}
    return tuple(signals.values())


def listed_models(signals: tuple[Signal, ...], searched: Iterable[Searched]) -> Iterator[Match]:
    """Matches of named models, in lists of models only: a name in metadata says nothing about other lists.

    A list that cannot be asked raises nothing here; the file's own matching has said so already.
    """
    for one in searched:
        try:
            found = one.match(signals).matches if signals else ()
        except SafelightError:
            continue
        yield from (match for match in found if match.list_class is ListClass.MODEL)


def links(matches: Iterable[Match]) -> Iterator[Provenance]:
    """A listed model as an item of evidence."""
    for match in matches:
        detail = {"list": match.list, "entry": match.entry_key, "hash_type": match.signal.type}
        yield of(Kind.MODEL_LINK, Grade.CLAIMED, detail)
