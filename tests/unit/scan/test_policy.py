"""The default policy says what the design says for every class of list; some things no policy can undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.scan.policy import DEFAULT_POLICY, Action, Policy, Rule, TooPlain, Unsupported
from safelight.types import (
    Grade,
    ListClass,
    Match,
    MediaKind,
    Observation,
    Outcome,
    Part,
    Problem,
    Provenance,
    SearchedList,
    Signal,
    Unhashable,
    UnhashableReason,
    UnscannedReason,
)

Observe = Callable[..., Observation]
MakeMatch = Callable[..., Match]

ABUSE = {ListClass.CSAM, ListClass.AI_CSAM, ListClass.TEST}
LISTED = [c for c in ListClass if c is not ListClass.KNOWN_GOOD]


def expected(list_class: ListClass, *, exact: bool, shadow: bool, held: bool, known_good: bool) -> Outcome:
    """The design, section 5, written a second time."""
    if list_class is ListClass.KNOWN_GOOD:
        return Outcome.CLEAR
    if known_good and not exact:
        return Outcome.CLEAR
    if shadow:
        return Outcome.HOLD if list_class in ABUSE else Outcome.CLEAR
    return Outcome.MATCH if exact and not held and list_class in ABUSE else Outcome.HOLD


@pytest.mark.parametrize(
    ("list_class", "exact", "shadow", "held", "known_good"),
    list(product(ListClass, *[(True, False)] * 4)),
)
def test_every_class_exact_or_near_in_shadow_or_not_held_or_not_known_good_or_not(
    observe: Observe,
    match: MakeMatch,
    list_class: ListClass,
    *,
    exact: bool,
    shadow: bool,
    held: bool,
    known_good: bool,
) -> None:
    matches = [match(list_class, exact=exact, shadow=shadow, held=held)]
    if known_good:
        matches.append(match(ListClass.KNOWN_GOOD))
    verdict = DEFAULT_POLICY.verdict(observe(matches=tuple(matches)))
    assert verdict.outcome is expected(
        list_class, exact=exact, shadow=shadow, held=held, known_good=known_good
    )
    assert verdict.rule


def test_pdq_is_never_exact_not_even_at_distance_0(observe: Observe, match: MakeMatch) -> None:
    assert DEFAULT_POLICY.verdict(observe(matches=(match(exact=False, distance=0),))).outcome is Outcome.HOLD


@pytest.mark.parametrize("type_", ["md5", "sha1"])
def test_known_good_by_anything_but_sha256_silences_nothing(
    observe: Observe, match: MakeMatch, type_: str
) -> None:
    good = match(ListClass.KNOWN_GOOD, signal=Signal(type_, "ab" * 16))
    near = match(exact=False)
    assert DEFAULT_POLICY.verdict(observe(matches=(near, good))).outcome is Outcome.HOLD
    alike = match(ListClass.KNOWN_GOOD, exact=False, distance=0)
    assert DEFAULT_POLICY.verdict(observe(matches=(near, alike))).outcome is Outcome.HOLD


@pytest.mark.parametrize("standing", ["shadow", "held"])
def test_known_good_from_a_list_in_shadow_or_held_silences_nothing(
    observe: Observe, match: MakeMatch, standing: str
) -> None:
    matches = (match(exact=False), match(ListClass.KNOWN_GOOD, **{standing: True}))
    assert DEFAULT_POLICY.verdict(observe(matches=matches)).outcome is Outcome.HOLD


def test_a_known_good_member_vouches_for_itself_and_not_for_its_neighbour(
    observe: Observe, match: MakeMatch
) -> None:
    def near(name: str) -> Match:
        return match(exact=False, signal=Signal("pdq", "0" * 64, 90, Part((name,)).select(frame=2)))

    good = match(ListClass.KNOWN_GOOD, signal=Signal("sha256", "ab" * 32, part=Part(("a.gif",))))
    assert DEFAULT_POLICY.verdict(observe(matches=(near("a.gif"), good))).outcome is Outcome.CLEAR
    assert DEFAULT_POLICY.verdict(observe(matches=(near("b.gif"), good))).outcome is Outcome.HOLD


def test_without_a_list_nothing_is_clear(observe: Observe) -> None:
    only_good = (SearchedList("ours", ListClass.KNOWN_GOOD, 10),)
    no_entries = (SearchedList("hotline", ListClass.CSAM, 0),)
    for searched in ((), only_good, no_entries):
        verdict = DEFAULT_POLICY.verdict(observe(searched=searched))
        assert (verdict.outcome, verdict.reason) == (Outcome.UNSCANNED, UnscannedReason.NO_LIST)


@pytest.mark.parametrize("reason", list(UnscannedReason))
def test_a_problem_of_any_kind_is_unscanned_with_its_reason(
    observe: Observe, reason: UnscannedReason
) -> None:
    verdict = DEFAULT_POLICY.verdict(observe(problems=(Problem(reason),)))
    assert (verdict.outcome, verdict.reason) == (Outcome.UNSCANNED, reason)


def test_the_gravest_problem_is_told(observe: Observe) -> None:
    problems = (Problem(UnscannedReason.TRUNCATED), Problem(UnscannedReason.CRASHED))
    assert DEFAULT_POLICY.verdict(observe(problems=problems)).reason is UnscannedReason.CRASHED


def test_a_match_in_what_could_be_read_wins_over_problems(observe: Observe, match: MakeMatch) -> None:
    verdict = DEFAULT_POLICY.verdict(
        observe(matches=(match(),), problems=(Problem(UnscannedReason.TRUNCATED),))
    )
    assert verdict.outcome is Outcome.MATCH
    assert verdict.reason is None


def test_too_plain_is_clear_but_limited_or_held_if_the_policy_says_so(observe: Observe) -> None:
    plain = observe(
        signals=(Signal("sha256", "ab" * 32),),
        unhashable=(Unhashable("pdq", UnhashableReason.TOO_PLAIN, 3),),
    )
    verdict = DEFAULT_POLICY.verdict(plain)
    assert (verdict.outcome, verdict.limited) == (Outcome.CLEAR, UnhashableReason.TOO_PLAIN)
    strict = Policy(DEFAULT_POLICY.rules, TooPlain.HOLD).verdict(plain)
    assert (strict.outcome, strict.rule) == (Outcome.HOLD, "too-plain")


def test_what_is_not_decoded_is_unscanned_unless_the_policy_says_that_digests_suffice(
    observe: Observe, match: MakeMatch
) -> None:
    problem = Problem(UnscannedReason.UNSUPPORTED, Part(("note.txt",)))
    digests = Policy(DEFAULT_POLICY.rules, unsupported=Unsupported.DIGESTS)
    assert DEFAULT_POLICY.verdict(observe(problems=(problem,))).outcome is Outcome.UNSCANNED
    verdict = digests.verdict(observe(problems=(problem,)))
    assert (verdict.outcome, verdict.limited) == (Outcome.CLEAR, UnhashableReason.UNSUPPORTED)
    both = observe(problems=(problem, Problem(UnscannedReason.ENCRYPTED)))
    assert digests.verdict(both).reason is UnscannedReason.ENCRYPTED
    assert digests.verdict(observe(problems=(problem,), signals=())).outcome is Outcome.UNSCANNED
    lacking = Problem(UnscannedReason.NOT_INSTALLED, Part(("bag.zip",)))
    assert digests.verdict(observe(problems=(problem, lacking))).reason is UnscannedReason.NOT_INSTALLED
    hashes_alone = observe(signals=(Signal("sha256", "ab" * 32),))
    assert digests.verdict(hashes_alone).outcome is Outcome.UNSCANNED
    assert digests.verdict(observe(problems=(problem,), matches=(match(),))).outcome is Outcome.MATCH


def test_one_plain_frame_among_hashed_ones_limits_nothing_but_a_plain_member_does(observe: Observe) -> None:
    def plain(part: Part) -> Observation:
        return observe(unhashable=(Unhashable("pdq", UnhashableReason.TOO_PLAIN, 3, part),))

    assert DEFAULT_POLICY.verdict(plain(Part().select(frame=4))).limited is None
    assert DEFAULT_POLICY.verdict(plain(Part(("b.png",)))).limited is UnhashableReason.TOO_PLAIN


def test_a_silent_recording_is_limited_and_a_silent_film_is_not(observe: Observe) -> None:
    digest, sound = Signal("sha256", "ab" * 32), Part().select(audio=1)
    silent = (Unhashable("chromaprint", UnhashableReason.SILENT, part=sound),)
    recording = observe(signals=(digest,), unhashable=silent)
    assert DEFAULT_POLICY.verdict(recording).limited is UnhashableReason.SILENT
    film = observe(signals=(digest, Signal("vpdq", "")), unhashable=silent)
    assert DEFAULT_POLICY.verdict(film).limited is None
    later = Signal("chromaprint", "", part=sound.select(t="502.2"))
    assert DEFAULT_POLICY.verdict(observe(signals=(digest, later), unhashable=silent)).limited is None
    bag = tuple(replace(each, part=Part(("a.wav",), each.part.selectors)) for each in silent)
    assert DEFAULT_POLICY.verdict(observe(unhashable=bag)).limited is UnhashableReason.SILENT


def test_a_sound_is_held_however_alike_it_is(observe: Observe, match: MakeMatch) -> None:
    heard = replace(match(exact=False, distance=0), signal=Signal("chromaprint", ""))
    assert DEFAULT_POLICY.verdict(observe(matches=(heard,))).outcome is Outcome.HOLD


def test_a_file_that_yielded_no_hash_and_no_problem_is_not_clear(observe: Observe) -> None:
    assert DEFAULT_POLICY.verdict(observe(signals=())).outcome is Outcome.UNSCANNED
    digests_only = observe(signals=(Signal("sha256", "ab" * 32),), kind=MediaKind.UNKNOWN)
    assert DEFAULT_POLICY.verdict(digests_only).reason is UnscannedReason.UNSUPPORTED


def test_more_matches_than_could_be_told_are_held_though_those_told_are_silent(
    observe: Observe, match: MakeMatch
) -> None:
    silent = match(ListClass.NCII, exact=False, shadow=True)
    assert DEFAULT_POLICY.verdict(observe(matches=(silent,), matches_capped=True)).outcome is Outcome.HOLD


def test_the_first_rule_that_fits_decides_and_what_no_rule_fits_is_held(
    observe: Observe, match: MakeMatch
) -> None:
    policy = Policy(
        (
            Rule("ours", Action.NOTE, lists=frozenset({"ours"})),
            Rule("close", Action.MATCH, signals=frozenset({"pdq"}), distance_at_most=10),
        )
    )

    def decide(**fields: object) -> tuple[Outcome, str]:
        verdict = policy.verdict(observe(matches=(match(exact=False, **fields),)))
        return verdict.outcome, verdict.rule

    assert decide(list="ours", distance=3) == (Outcome.CLEAR, "ours")
    assert decide(distance=10) == (Outcome.MATCH, "close")
    assert decide(distance=11) == (Outcome.HOLD, "no-rule-fits")


matches = st.builds(
    Match,
    signal=st.sampled_from(
        [Signal("sha256", "ab" * 32), Signal("md5", "ab" * 16), Signal("pdq", "0" * 64, 90)]
    ),
    list=st.sampled_from(["a", "b"]),
    list_class=st.sampled_from(ListClass),
    entry_key=st.just("k"),
    distance=st.integers(0, 64),
    shadow=st.booleans(),
    held=st.booleans(),
)
policies = st.builds(
    Policy,
    rules=st.lists(
        st.builds(
            Rule,
            name=st.just("r"),
            action=st.sampled_from(Action),
            classes=st.none() | st.frozensets(st.sampled_from(LISTED), min_size=1),
            exact=st.none() | st.booleans(),
            distance_at_most=st.none() | st.integers(0, 256),
        )
    ).map(tuple),
    too_plain=st.sampled_from(TooPlain),
)
RANK = [Outcome.CLEAR, Outcome.UNSCANNED, Outcome.HOLD, Outcome.MATCH]


@given(
    policy=policies,
    found=st.lists(matches, max_size=4).map(tuple),
    unhashable=st.lists(
        st.builds(
            Unhashable, st.just("pdq"), st.just(UnhashableReason.TOO_PLAIN), part=st.just(Part(("member",)))
        ),
        max_size=1,
    ).map(tuple),
    problems=st.lists(st.builds(Problem, st.sampled_from(UnscannedReason)), min_size=1, max_size=3).map(
        tuple
    ),
    provenance=st.lists(
        st.builds(Provenance, st.just("c2pa"), st.sampled_from(Grade), st.just("made by a program"))
    ).map(tuple),
    capped=st.booleans(),
)
def test_problems_and_provenance_never_lower_a_verdict(
    policy: Policy,
    found: tuple[Match, ...],
    unhashable: tuple[Unhashable, ...],
    problems: tuple[Problem, ...],
    provenance: tuple[Provenance, ...],
    *,
    capped: bool,
) -> None:
    seen = Observation(
        name="x",
        size=1,
        kind=MediaKind.IMAGE,
        mime="image/png",
        scanned_at=datetime(2026, 1, 2, tzinfo=UTC),
        signals=(Signal("sha256", "ab" * 32), Signal("pdq", "0" * 64, 90)),
        matches=found,
        unhashable=unhashable,
        matches_capped=capped,
        searched=(SearchedList("a", ListClass.CSAM, 1),),
    )
    before = policy.verdict(seen)
    for more in (replace(seen, problems=problems), replace(seen, provenance=provenance)):
        after = policy.verdict(more)
        assert RANK.index(after.outcome) >= RANK.index(before.outcome)
        if before.outcome in (Outcome.MATCH, Outcome.HOLD):
            assert after == before
