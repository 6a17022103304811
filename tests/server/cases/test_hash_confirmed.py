"""What may be confirmed unseen, by policy or by a person, and that nothing else ever is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_doubles import CountingScanner

from safelight.server.cases import decisions
from safelight.server.cases.decisions import POLICY, decide, supersede
from safelight.server.cases.errors import MustBeViewed, NotHashConfirmed
from safelight.server.cases.hash_confirmed import hash_confirmed
from safelight.server.cases.models import Case, Decision
from safelight.server.config import Cases
from safelight.server.intake.context import Context
from safelight.server.intake.models import Intake, Item, Occurrence
from safelight.server.intake.record_keys import RecordKeys
from safelight.server.intake.services import receive_file, receive_text
from safelight.server.people.roles import Role
from safelight.types import ListClass, Match, Outcome, Part, Signal

Make = Callable[..., Any]
CONFIRMED, DISMISSED, ESCALATED, *_ = Decision.Outcome
VALUES = {"md5": "0" * 32, "sha1": "0" * 40, "sha256": "0" * 64, "pdq": "0" * 64}
WHOLE_OR_PART = st.sampled_from([Part(), Part(), Part(), Part(("inner.png",)), Part((), (("frame", "3"),))])
MATCHES = st.lists(
    st.builds(
        lambda type_, part, list_, class_, key, distance, shadow, held: Match(
            Signal(type_, "00", part=part), list_, class_, key, distance=distance, shadow=shadow, held=held
        ),
        st.sampled_from(["md5", "sha1", "sha256", "pdq"]), WHOLE_OR_PART, st.sampled_from(["a", "b"]),
        st.sampled_from([ListClass.CSAM, ListClass.AI_CSAM, ListClass.TEST, ListClass.NCII]),
        st.sampled_from(["1", "2"]), st.sampled_from([0, 0, 12]), st.booleans(), st.booleans(),
    ),
    max_size=6,
)  # fmt: skip


@given(matches=MATCHES, lists=st.sampled_from([None, ("a",), ("a", "b"), ()]))
def test_only_a_sha256_or_both_weaker_digests_of_one_entry_confirm(
    matches: list[Match], lists: tuple[str, ...] | None
) -> None:
    usable = [
        (m.list, m.entry_key, m.signal.type)
        for m in matches
        if (lists is None or m.list in lists)
        and not (m.shadow or m.held)
        and m.signal.part == Part()
        and m.list_class in (ListClass.CSAM, ListClass.AI_CSAM, ListClass.TEST)
    ]
    expected = any(
        (name, key, "sha256") in usable or {(name, key, "md5"), (name, key, "sha1")} <= set(usable)
        for name, key, _ in usable
    )
    assert hash_confirmed(matches, lists) is expected
    assert not hash_confirmed([m for m in matches if m.signal.type == "pdq"])


@pytest.fixture
def matched(sender: Make, spool: Make, scanner: CountingScanner, keys: RecordKeys, vault: Any) -> Make:
    """An occurrence whose file matched like this."""
    from dataclasses import replace

    def make(*types: str, list_: str = "hotline", outcome: Outcome = Outcome.MATCH) -> Occurrence:
        content = repr((types, list_)).encode()
        scanner.told[content] = outcome
        real = scanner.scan

        def scan(source: str, name: str | None = None, **_options: object) -> Any:
            result = real(source, name)
            found = tuple(
                Match(Signal(one, VALUES[one]), list_, ListClass.TEST, "e", distance=0) for one in types
            )
            signals = (*result.observation.signals, *(match.signal for match in found))
            return replace(result, observation=replace(result.observation, matches=found, signals=signals))

        scanner.scan = scan  # type: ignore[method-assign]
        try:
            received = receive_file(sender(), spool(content), Context(account=f"u{types}"))
        finally:
            scanner.scan = real  # type: ignore[method-assign]
        return Occurrence.objects.get(pk=received.occurrence_id)

    return make


def case_of(occurrence: Occurrence) -> Case:
    return Case.objects.get(members__occurrence=occurrence)


@pytest.mark.usefixtures("db")
def test_policy_confirms_at_once_what_its_named_lists_hold_by_equal_digests_and_nothing_else(
    matched: Make, workspace_setting: Make
) -> None:
    workspace_setting(cases=Cases(confirm_lists=("hotline",)))
    for types in (("sha256",), ("md5", "sha1"), ("pdq", "sha256")):
        [decision] = matched(*types).decisions.all()
        assert (decision.outcome, decision.basis, decision.person) == (CONFIRMED, "hash_confirmed", None)
        assert (decision.policy_rule, decision.case.state) == ("cases.confirm_lists", "decided")
    too_little = [(("pdq",), "hotline"), (("md5",), "hotline"), (("sha1",), "hotline"), (("sha256",), "own")]
    for types, name in too_little:
        occurrence = matched(*types, list_=name)
        assert not occurrence.decisions.exists()
        with pytest.raises(NotHashConfirmed):
            decide(POLICY, case_of(occurrence), occurrence, CONFIRMED, policy_rule="a rule")


@pytest.mark.usefixtures("db")
def test_without_named_lists_policy_confirms_nothing(matched: Make) -> None:
    occurrence = matched("sha256")
    assert not occurrence.decisions.exists()
    with pytest.raises(NotHashConfirmed):
        decide(POLICY, case_of(occurrence), occurrence, CONFIRMED, policy_rule="a rule")


@pytest.mark.usefixtures("db")
def test_nobody_confirms_likeness_unseen_and_what_was_seen_is_said_to_be(
    matched: Make, actor_with: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewer, near, equal = actor_with(Role.REVIEWER), matched("pdq"), matched("sha256")
    Case.objects.update(assigned_to=reviewer.person)
    with pytest.raises(MustBeViewed):
        decide(reviewer, case_of(near), near, CONFIRMED)
    assert decide(reviewer, case_of(equal), equal, CONFIRMED).basis == "hash_confirmed"
    escalated = decide(reviewer, case_of(near), near, ESCALATED, reason="needs the viewer")
    assert escalated.basis == "without_viewing"
    with pytest.raises(MustBeViewed):
        supersede(reviewer, escalated, CONFIRMED, "sure")
    monkeypatch.setattr(decisions, "has_viewed", lambda person, item, case: item == near.item)
    assert supersede(reviewer, escalated, CONFIRMED, "seen by now").basis == "viewed"


@pytest.mark.usefixtures("db")
def test_a_file_that_nothing_matched_is_not_confirmed_unseen_and_a_text_is_read(
    sender: Make, spool: Make, keys: RecordKeys, vault: Any, scanner: CountingScanner, actor_with: Make
) -> None:
    actor, reviewer = sender(), actor_with(Role.REVIEWER)
    receive_file(actor, spool(b"unknown"), Context(account="u1"), kind=Intake.Kind.USER_REPORT)
    receive_text(actor, "a text", Context(account="u2"))
    Case.objects.update(assigned_to=reviewer.person)
    told, text = Occurrence.objects.get(item=Item.objects.get()), Occurrence.objects.get(item=None)
    with pytest.raises(MustBeViewed):
        decide(reviewer, case_of(told), told, CONFIRMED)
    assert decide(reviewer, case_of(text), text, CONFIRMED).basis == "without_viewing"
