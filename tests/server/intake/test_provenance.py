"""Evidence of origin is taken along to where somebody looks, and makes nothing less urgent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safelight.provenance import Kind, of
from safelight.server.intake.models import Intake
from safelight.server.intake.priorities import priority_of
from safelight.types import Grade, Outcome, Verdict

evidence = st.builds(
    of, st.sampled_from(list(Kind)), st.sampled_from(list(Grade)), st.just({"software": "x"})
)


@given(
    st.lists(evidence, max_size=4),
    st.sampled_from(list(Intake.Kind)),
    st.sampled_from([Outcome.MATCH, Outcome.HOLD, Outcome.CLEAR]),
)
def test_priority_is_not_told_of_origin(found, kind, outcome):
    """There is nothing to lower it by: what is asked is the way in, the verdict and the matched lists."""
    asked = set(priority_of.__annotations__) - {"return"}
    assert asked == {"kind", "verdict", "matches"}
    assert priority_of(kind, Verdict(outcome, "a rule")) >= priority_of(
        kind, Verdict(Outcome.CLEAR, "a rule")
    )
    assert all(item.summary for item in found)
