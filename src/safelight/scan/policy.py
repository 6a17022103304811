"""From an observation to a verdict: the operator's rules, and the few promises that no rule can undo.

Those promises, in the order in which they are applied:

* With no list to compare with, nothing is clear.
* A shadow list never acts on its own: on abuse classes its hits are held for review, elsewhere noted.
* What a list or an entry that has fallen to hold would match is held for review, in every class.
* A known-good list silences likeness only, by the SHA-256 of that very file, and never equality of digests.
* A match that no rule speaks of is held.
* A file that was not wholly looked at is *unscanned*, unless something in it matched or is held.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from typing import Final, Literal

from safelight.scan.gravity import gravest
from safelight.signals.audio import SOUND_TYPES
from safelight.signals.weights import CLAIMED, WEIGHTS
from safelight.types import (
    ListClass,
    Match,
    Observation,
    Outcome,
    Part,
    UnhashableReason,
    UnscannedReason,
    Verdict,
)

POLICY_SCHEMA: Final = "safelight.policy/1"
"""Name and major version of the policy file; within a major, fields are only added."""

DIGESTS: Final = frozenset({"md5", "sha1", "sha256"})
"""Signal types whose equality is *exact*. PDQ is not among them, not even at distance 0."""

ABUSE_CLASSES: Final = frozenset({ListClass.CSAM, ListClass.AI_CSAM, ListClass.TEST})
"""Classes whose hits are reviewed even from a shadow list; ``test`` stands in for ``csam`` in trials."""


class Action(IntEnum):
    """What a rule does with a match; the strongest over all matches of a file is its outcome."""

    NOTE = 0
    HOLD = 1
    MATCH = 2


class TooPlain(StrEnum):
    """What becomes of a picture that only its digests could be compared of."""

    CLEAR = "clear"
    HOLD = "hold"


class Unsupported(StrEnum):
    """What becomes of a file that holds something of a format that is not decoded here."""

    UNSCANNED = "unscanned"
    DIGESTS = "digests"
    """Its digests suffice: *clear*, but limited, where nothing else kept us from looking."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: it fits a match when every condition that is not None does.

    ``exact`` is true for equal digests and false for likeness; ``distance_at_most`` is 0-256 bits (digests
    are at 0). ``query_percent_at_least`` and ``listed_percent_at_least`` (0-100) are how much of a video, and
    of what is listed, a match must cover; matches in which no video is have no such shares, and do not fit.
    """

    name: str
    action: Action
    classes: frozenset[ListClass] | None = None
    lists: frozenset[str] | None = None
    signals: frozenset[str] | None = None
    exact: bool | None = None
    distance_at_most: int | None = None
    query_percent_at_least: int | None = None
    listed_percent_at_least: int | None = None

    def fits(self, match: Match) -> bool:
        """Whether this rule speaks of that match."""
        return (
            (self.classes is None or match.list_class in self.classes)
            and (self.lists is None or match.list in self.lists)
            and (self.signals is None or match.signal.type in self.signals)
            and (self.exact is None or self.exact == is_exact(match))
            and (self.distance_at_most is None or _near(match, self.distance_at_most))
            and (self.query_percent_at_least is None or _covers(match, "query", self.query_percent_at_least))
            and (
                self.listed_percent_at_least is None or _covers(match, "listed", self.listed_percent_at_least)
            )
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """What a policy makes of one match, and the rule that said so."""

    action: Action
    rule: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in order, the first that fits a match decides; and what to do with what cannot be compared."""

    rules: tuple[Rule, ...]
    too_plain: TooPlain = TooPlain.CLEAR
    unsupported: Unsupported = Unsupported.UNSCANNED

    def decide(self, match: Match, beside: tuple[Match, ...] = ()) -> Decided:
        """What follows from one match, given the other matches of its file (known-good ones may silence)."""
        if match.list_class is ListClass.KNOWN_GOOD:
            return Decided(Action.NOTE, "known-good")
        rule = next((rule for rule in self.rules if rule.fits(match)), None)
        action, name = (rule.action, rule.name) if rule else (Action.HOLD, "no-rule-fits")
        if match.shadow:
            action = min(action, Action.HOLD if match.list_class in ABUSE_CLASSES else Action.NOTE)
            name += " (shadow)"
        elif match.held:
            action = min(action, Action.HOLD)
            name += " (held)"
        if not is_exact(match) and any(_vouches(other, match.signal.part) for other in beside):
            return Decided(Action.NOTE, f"{name} (known good)")
        return Decided(action, name)

    def verdict(self, observation: Observation) -> Verdict:
        """What follows from everything learnt about one file. Provenance is not asked: it lowers nothing."""
        strongest = max(
            (self.decide(match, observation.matches) for match in observation.matches),
            key=lambda decided: decided.action,
            default=None,
        )
        if strongest and strongest.action is not Action.NOTE:
            outcome = Outcome.MATCH if strongest.action is Action.MATCH else Outcome.HOLD
            return Verdict(outcome, strongest.rule)
        if observation.matches_capped:
            return Verdict(Outcome.HOLD, "too-many-matches")
        if not _compared(observation):
            reasons = [UnscannedReason.NO_LIST, *(problem.reason for problem in observation.problems)]
            return Verdict(Outcome.UNSCANNED, "no-list", reason=gravest(reasons))
        limited = _limited(observation)
        if limited and self.too_plain is TooPlain.HOLD:
            return Verdict(Outcome.HOLD, "too-plain")
        unseen = _not_looked_at(observation)
        # Where the bytes were never here, as with hashes alone, nobody found a format that is not decoded.
        undecoded = observation.problems and unseen == {UnscannedReason.UNSUPPORTED}
        if undecoded and self.unsupported is Unsupported.DIGESTS:
            limited = UnhashableReason.UNSUPPORTED
        elif unseen:
            return Verdict(Outcome.UNSCANNED, "not-scanned", reason=gravest(unseen))
        return Verdict(Outcome.CLEAR, strongest.rule if strongest else "nothing-matched", limited=limited)

    def fingerprint(self) -> str:
        """A digest of everything that this policy decides by; equal policies have equal fingerprints."""
        text = json.dumps(asdict(self), sort_keys=True, default=sorted)
        return hashlib.sha256(text.encode()).hexdigest()


def is_exact(match: Match) -> bool:
    """Whether the file's bytes, not just its looks, are the listed ones."""
    return match.signal.type in DIGESTS


def _near(match: Match, distance: int) -> bool:
    """Whether it is within a distance; a share of a model has none."""
    return match.share is None and match.distance <= distance


def _covers(match: Match, side: Literal["query", "listed"], percent: int) -> bool:
    """Whether enough of that side of a match of videos is the same."""
    if match.coverage is None:
        return False
    return (match.coverage.query if side == "query" else match.coverage.listed) * 100 >= percent


def _vouches(match: Match, part: Part) -> bool:
    """Whether a match says by SHA-256 that the file or member which holds ``part`` is known to be good."""
    holder = match.signal.part
    return (
        match.list_class is ListClass.KNOWN_GOOD
        and match.signal.type == "sha256"
        and not (match.shadow or match.held)
        and not holder.selectors
        and part.members[: len(holder.members)] == holder.members
    )


def _compared(observation: Observation) -> bool:
    """Whether there was anything to find: a known-good list alone is nothing to be clear of."""
    return any(
        searched.entries and searched.list_class is not ListClass.KNOWN_GOOD
        for searched in observation.searched
    )


def _not_looked_at(observation: Observation) -> frozenset[UnscannedReason]:
    """Why the file was not wholly looked at; no problem told and still nothing to show for it counts too."""
    types = {signal.type for signal in observation.signals if signal.part != CLAIMED}
    reasons = {problem.reason for problem in observation.problems}
    if not types & DIGESTS and reasons <= {UnscannedReason.UNSUPPORTED}:
        reasons.add(UnscannedReason.UNREADABLE)
    elif not reasons and not types - DIGESTS and not observation.unhashable:
        reasons.add(UnscannedReason.UNSUPPORTED)
    return frozenset(reasons)


_RENDERINGS: Final = frozenset({"frame", "t", "over"})
"""Selectors that tell renderings of one picture apart; one good hash among them is enough to compare by."""


def _limited(observation: Observation) -> UnhashableReason | None:
    """Why some picture or sound in the file could not be compared by likeness in any of its renderings."""

    def picture(part: Part) -> Part:
        return Part(part.members, tuple(s for s in part.selectors if s[0] not in _RENDERINGS))

    likeness = [signal for signal in observation.signals if signal.type not in DIGESTS | WEIGHTS]
    hashed = {picture(signal.part) for signal in likeness}
    shown = {signal.part.members for signal in likeness if signal.type not in SOUND_TYPES}
    return next(
        (
            unhashable.reason
            for unhashable in observation.unhashable
            if picture(unhashable.part) not in hashed
            # Most films are silent here and there; what they show was compared.
            and not (unhashable.type in SOUND_TYPES and unhashable.part.members in shown)
        ),
        None,
    )


DEFAULT_POLICY: Final = Policy(
    rules=(
        Rule("abuse-exact", Action.MATCH, classes=ABUSE_CLASSES, exact=True),
        Rule("abuse-near", Action.HOLD, classes=ABUSE_CLASSES),
        Rule(
            "other-lists",
            Action.HOLD,
            classes=frozenset(
                {ListClass.EXPLOITATIVE, ListClass.NCII, ListClass.SELF_REPORTED, ListClass.MODEL}
            ),
        ),
    )
)
"""The built-in policy: equal digests on abuse lists match; every other likeness is held for review."""
