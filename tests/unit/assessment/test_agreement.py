"""Kappa and its interval are those of statsmodels 0.15.0 (``stats.inter_rater.cohens_kappa``)."""

from __future__ import annotations

import pytest

from safelight.assessment.agreement import cohens_kappa

# Tables of counts, with statsmodels' kappa, kappa_low and kappa_upp; its bounds are not cut at -1 and 1.
TOLD_BY_STATSMODELS = [
    ([[20, 5], [10, 15]], 0.3999999999999999, 0.151092290476661, 0.6489077095233389),
    ([[44, 5, 1], [7, 20, 3], [9, 5, 6]], 0.49152542372881347, 0.35015820121748686, 0.6328926462401401),
    ([[1, 1], [1, 4]], 0.30000000000000004, -0.46651883644511083, 1.0665188364451108),
    ([[0, 3], [4, 0]], -0.9599999999999996, -1.3623794126706836, -0.5576205873293156),
    ([[30, 0, 0], [0, 12, 0], [0, 0, 8]], 1.0, 1.0, 1.0),
]


def pairs(table: list[list[int]]) -> list[tuple[str, str]]:
    return [(f"a{i}", f"a{j}") for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]


@pytest.mark.parametrize(("table", "kappa", "low", "high"), TOLD_BY_STATSMODELS)
def test_kappa_is_what_the_library_says(table, kappa, low, high):
    found = cohens_kappa(pairs(table))
    assert found is not None
    assert found.pairs == sum(map(sum, table))
    assert found.agreed == sum(row[i] for i, row in enumerate(table))
    assert found.kappa == pytest.approx(kappa)
    assert found.low == pytest.approx(max(low, -1.0))
    assert found.high == pytest.approx(min(high, 1.0))


def test_without_pairs_there_is_nothing_to_say():
    assert cohens_kappa([]) is None


def test_where_both_always_say_the_same_kappa_is_not_defined():
    found = cohens_kappa([("a", "a")] * 9)
    assert found is not None
    assert (found.share, found.kappa, found.low, found.high) == (1.0, None, None, None)
