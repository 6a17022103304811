"""No evidence of origin clears a file, weakens a verdict, or makes a match of something that is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from safelight.provenance import Kind, of
from safelight.scan.origin import Examine, wanted
from safelight.scan.policy import DEFAULT_POLICY
from safelight.types import (
    Grade,
    ListClass,
    Match,
    MediaKind,
    Observation,
    Outcome,
    Problem,
    SearchedList,
    Signal,
    UnscannedReason,
)

texts = st.text(max_size=30)
details = st.dictionaries(
    st.sampled_from(["software", "model", "source_type", "signer", "trust_list", "certainty", "model_hash"]),
    texts,
)
evidence = st.builds(of, st.sampled_from(list(Kind)), st.sampled_from(list(Grade)), details)
signals = st.sampled_from([Signal("sha256", "a" * 64), Signal("pdq", "b" * 64, 90), Signal("md5", "c" * 32)])
matches = st.builds(
    Match,
    signal=signals,
    list=st.just("a list"),
    list_class=st.sampled_from(list(ListClass)),
    entry_key=st.just("key"),
    distance=st.integers(0, 31),
    shadow=st.booleans(),
)
problems = st.builds(Problem, st.sampled_from(list(UnscannedReason)))
observations = st.builds(
    Observation,
    name=st.just("a file"),
    size=st.just(10),
    kind=st.just(MediaKind.IMAGE),
    mime=st.just("image/jpeg"),
    scanned_at=st.just(datetime(2026, 1, 2, tzinfo=UTC)),
    signals=st.lists(signals, max_size=3).map(tuple),
    matches=st.lists(matches, max_size=3).map(tuple),
    problems=st.lists(problems, max_size=2).map(tuple),
    searched=st.just((SearchedList("a list", ListClass.CSAM, 1),)),
)


@given(observations, st.lists(evidence, max_size=5).map(tuple))
def test_evidence_changes_no_verdict(seen, found):
    plain = DEFAULT_POLICY.verdict(seen)
    told = DEFAULT_POLICY.verdict(replace(seen, provenance=found, provenance_examined=True))
    assert told == plain


_WEIGHT = {Outcome.CLEAR: 0, Outcome.UNSCANNED: 1, Outcome.HOLD: 2, Outcome.MATCH: 3}


@given(observations)
def test_a_listed_model_only_ever_raises(seen):
    """The one thing that follows from evidence: a named model on a list holds the file."""
    model = Match(Signal("autov2", "a1b2c3d4e5"), "models", ListClass.MODEL, "key")
    before = DEFAULT_POLICY.verdict(seen).outcome
    after = DEFAULT_POLICY.verdict(replace(seen, matches=(*seen.matches, model))).outcome
    assert _WEIGHT[after] >= _WEIGHT[before]
    if not any(match.list_class is ListClass.KNOWN_GOOD for match in seen.matches):
        assert after in (Outcome.MATCH, Outcome.HOLD)


@given(observations)
def test_what_a_person_will_look_at_is_examined(seen):
    verdict = DEFAULT_POLICY.verdict(seen)
    assert wanted(Examine.MATCHED, verdict, ()) == (verdict.outcome in (Outcome.MATCH, Outcome.HOLD))
    assert wanted(Examine.ALWAYS, verdict, ())
    assert not wanted(Examine.NEVER, verdict, ())
