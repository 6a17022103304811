"""How well two people agree beyond chance: Cohen's kappa, with its interval.

Kappa alone misleads on few cases, so it is never told without how many there were and how far it may lie off.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

Z_95: Final = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over ``pairs`` pairs of answers: the share that agreed (0 to 1), kappa, and its 95 % interval.

    Kappa and its bounds (-1 to 1) are None where chance alone would always agree, because both people gave
    one and the same answer throughout: then it is not defined.
    """

    pairs: int
    agreed: int
    kappa: float | None
    low: float | None
    high: float | None

    @property
    def share(self) -> float:
        """The share that agreed, 0 to 1."""
        return self.agreed / self.pairs


def cohens_kappa(answers: Iterable[tuple[Hashable, Hashable]]) -> Agreement | None:
    """The agreement of two people's answers, given as pairs; None for no pair.

    The interval is kappa plus and minus 1.96 standard errors by Fleiss, Cohen and Everitt, "Large sample
    standard errors of kappa and weighted kappa", Psychological Bulletin 72 (1969), formula for a kappa that
    is not zero; it is cut at -1 and 1, and with few pairs it is too narrow.
    """
    counted = Counter(answers)
    pairs = counted.total()
    if not pairs:
        return None
    labels = {label for pair in counted for label in pair}
    share = {pair: number / pairs for pair, number in counted.items()}
    first = {a: sum(p for (x, _), p in share.items() if x == a) for a in labels}
    second = {a: sum(p for (_, y), p in share.items() if y == a) for a in labels}
    agreed = sum(number for (x, y), number in counted.items() if x == y)
    observed = agreed / pairs
    chance = sum(first[a] * second[a] for a in labels)
    if math.isclose(chance, 1.0):
        return Agreement(pairs, agreed, None, None, None)
    kappa = (observed - chance) / (1 - chance)
    on = sum(share.get((a, a), 0.0) * (1 - (first[a] + second[a]) * (1 - kappa)) ** 2 for a in labels)
    off = (1 - kappa) ** 2 * sum(p * (second[x] + first[y]) ** 2 for (x, y), p in share.items() if x != y)
    variance = max(on + off - (kappa - chance * (1 - kappa)) ** 2, 0.0) / (pairs * (1 - chance) ** 2)
    reach = Z_95 * math.sqrt(variance)
    return Agreement(pairs, agreed, kappa, max(-1.0, kappa - reach), min(1.0, kappa + reach))
