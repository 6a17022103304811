"""Evidence is kept as long as the law asks, never destroyed in haste, and never forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import DestructionRefused, UsageError
from safelight.vault.clocks import alarms, may_destroy, preserve_until
from safelight.vault.retention import (
    Basis,
    DestroyRequest,
    Extension,
    LegalHold,
    Retention,
    Standing,
    Terms,
)

TERMS = Terms()
SEALED = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AFTER = SEALED + timedelta(days=4000)


def days(count: float) -> datetime:
    return SEALED + timedelta(days=count)


def standing(as_: Standing) -> Retention:
    sealed = Retention(since=SEALED)
    return sealed if as_ is Standing.UNDECIDED else sealed.stands(as_, SEALED)


def request(by: str = "ana", basis: Basis = Basis.OPERATOR) -> DestroyRequest:
    return DestroyRequest(at=SEALED, basis=basis, reason="erasure", by=by)


REPORTED = standing(Standing.REPORTED)
DISMISSED = standing(Standing.DISMISSED)


@pytest.mark.parametrize("after", [0, 90, 364, 365])
def test_a_report_is_preserved_for_a_year_not_for_ninety_days(after: int) -> None:
    ruling = may_destroy(REPORTED, TERMS, days(after))
    assert not ruling.allowed
    assert "kept until 2027-03-02" in ruling.reasons[0]


def test_a_year_is_never_short_of_a_calendar_year() -> None:
    finished = datetime(2027, 3, 1, 12, tzinfo=UTC)
    retention = Retention(SEALED).stands(Standing.REPORTED, finished)
    assert not may_destroy(retention, TERMS, datetime(2028, 3, 1, 11, 59, tzinfo=UTC)).allowed


def test_after_its_year_a_report_may_be_destroyed() -> None:
    ruling = may_destroy(REPORTED, TERMS, days(366))
    assert ruling.allowed
    assert ruling.due == days(366)
    ruling.enforce()


def test_the_year_begins_at_the_first_finish_receipt() -> None:
    retention = standing(Standing.UNFINISHED).stands(Standing.REPORTED, days(10))
    assert preserve_until(retention, TERMS) == days(376)
    assert retention.stands(Standing.REPORTED, days(200)) == retention


def test_dismissed_evidence_goes_after_the_complaint_window() -> None:
    assert not may_destroy(DISMISSED, TERMS, days(183)).allowed
    assert may_destroy(DISMISSED, TERMS, days(184)).allowed


@pytest.mark.parametrize("open_", [Standing.UNDECIDED, Standing.UNFINISHED])
def test_open_matters_are_never_destroyed(open_: Standing) -> None:
    wanted = standing(open_).destroy_requested(request(basis=Basis.LAW_ENFORCEMENT)).destroy_approved("ben")
    for retention in (standing(open_), wanted):
        ruling = may_destroy(retention, TERMS, LONG_AFTER)
        assert not ruling.allowed
        assert ruling.due is None
        with pytest.raises(DestructionRefused, match=r"Decide its case|Finish or withdraw"):
            ruling.enforce()


@pytest.mark.parametrize("closed", [DISMISSED, REPORTED])
def test_a_legal_hold_refuses_everyone_until_it_is_released(closed: Retention) -> None:
    hold = LegalHold(since=SEALED, reason="order of a court.", by="cleo")
    wanted = closed.destroy_requested(request(basis=Basis.LAW_ENFORCEMENT)).destroy_approved("ben")
    for retention in (closed, wanted):
        ruling = may_destroy(retention.held(hold), TERMS, LONG_AFTER)
        assert not ruling.allowed
        assert "order of a court" in ruling.reasons[0]
        assert may_destroy(retention.held(hold).released(hold), TERMS, LONG_AFTER).allowed


def test_one_hold_released_leaves_the_other() -> None:
    holds = [LegalHold(since=SEALED, reason=reason, by="cleo") for reason in ("one.", "two.")]
    retention = REPORTED.held(holds[0]).held(holds[1]).released(holds[0])
    assert may_destroy(retention, TERMS, LONG_AFTER).reasons[0].count("two.") == 1


@pytest.mark.parametrize("closed", [DISMISSED, REPORTED])
def test_an_open_complaint_refuses(closed: Retention) -> None:
    disputed = closed.dispute(is_open=True)
    assert "complaint" in may_destroy(disputed, TERMS, LONG_AFTER).reasons[0]
    assert may_destroy(disputed.dispute(is_open=False), TERMS, LONG_AFTER).allowed


def test_an_extension_lengthens_and_never_shortens() -> None:
    longer = REPORTED.extended(Extension(until=days(500), reason="series under investigation", by="ana"))
    assert preserve_until(longer, TERMS) == days(500)
    assert not may_destroy(longer, TERMS, days(499)).allowed
    assert may_destroy(longer, TERMS, days(500)).allowed
    shorter = REPORTED.extended(Extension(until=days(5), reason="a mistake", by="ana"))
    assert preserve_until(shorter, TERMS) == days(366)


def test_early_destruction_needs_two_different_people() -> None:
    asked = DISMISSED.destroy_requested(request())
    assert "a different one" in may_destroy(asked, TERMS, days(1)).reasons[1]
    with pytest.raises(UsageError, match="two different people"):
        asked.destroy_approved("ana")
    with pytest.raises(UsageError, match="two different people"):
        asked.destroy_approved("")
    assert may_destroy(asked.destroy_approved("ben"), TERMS, days(1)).allowed


def test_an_approval_cannot_be_smuggled_in_with_the_request() -> None:
    one = DestroyRequest(at=SEALED, basis=Basis.OPERATOR, reason="x", by="ana", approved_by="ben")
    assert not may_destroy(DISMISSED.destroy_requested(one), TERMS, days(1)).allowed
    forged = DestroyRequest(at=SEALED, basis=Basis.OPERATOR, reason="x", by="ana", approved_by="ana")
    assert not may_destroy(
        Retention(SEALED, Standing.DISMISSED, destroy_request=forged), TERMS, days(1)
    ).allowed


def test_a_new_request_needs_a_new_approval() -> None:
    approved = DISMISSED.destroy_requested(request()).destroy_approved("ben")
    assert not may_destroy(approved.destroy_requested(request("cleo")), TERMS, days(1)).allowed


def test_within_the_preservation_year_only_law_enforcement_can_ask() -> None:
    own = REPORTED.destroy_requested(request()).destroy_approved("ben")
    assert "law enforcement" in may_destroy(own, TERMS, days(200)).reasons[1]
    theirs = REPORTED.destroy_requested(request(basis=Basis.LAW_ENFORCEMENT)).destroy_approved("ben")
    assert may_destroy(theirs, TERMS, days(200)).allowed


def test_a_voluntary_extension_can_be_ended_by_two_people() -> None:
    longer = REPORTED.extended(Extension(until=days(1000), reason="series", by="ana"))
    assert not may_destroy(longer, TERMS, days(400)).allowed
    wanted = longer.destroy_requested(request()).destroy_approved("ben")
    assert may_destroy(wanted, TERMS, days(400)).allowed


def test_an_approval_without_a_request_is_refused() -> None:
    with pytest.raises(UsageError, match="Nobody asked"):
        DISMISSED.destroy_approved("ben")


def test_a_finished_report_is_not_undone() -> None:
    for other in (Standing.UNDECIDED, Standing.DISMISSED, Standing.UNFINISHED):
        with pytest.raises(UsageError, match="linked case"):
            REPORTED.stands(other, days(1))


def test_a_clock_set_back_destroys_nothing_and_alarms() -> None:
    wanted = DISMISSED.destroy_requested(request()).destroy_approved("ben")
    assert "clock" in may_destroy(wanted, TERMS, days(-1)).reasons[0]
    assert any("clock" in alarm for alarm in alarms(DISMISSED, TERMS, days(-1)))


def test_undecided_and_unfinished_evidence_alarms() -> None:
    undecided, unfinished = standing(Standing.UNDECIDED), standing(Standing.UNFINISHED)
    assert alarms(undecided, TERMS, days(6.9)) == ()
    assert "7 days" in alarms(undecided, TERMS, days(7))[0]
    assert "report" in alarms(unfinished, TERMS, days(1))[0]
    assert alarms(REPORTED, TERMS, LONG_AFTER) == alarms(DISMISSED, TERMS, LONG_AFTER) == ()


def test_a_request_that_waits_alarms() -> None:
    asked = DISMISSED.destroy_requested(request())
    assert "waits" in alarms(asked, TERMS, days(1))[0]
    assert alarms(asked.destroy_approved("ben"), TERMS, days(1)) == ()


def test_times_need_their_zone_and_wishes_their_reason() -> None:
    with pytest.raises(UsageError, match="time zone"):
        Retention(datetime(2026, 3, 1))  # noqa: DTZ001 - the point of the test
    with pytest.raises(UsageError, match="Say why"):
        DISMISSED.destroy_requested(DestroyRequest(SEALED, Basis.OPERATOR, " ", "ana"))
    with pytest.raises(UsageError, match="Say why"):
        DISMISSED.held(LegalHold(SEALED, "reason", ""))
    with pytest.raises(UsageError, match="longer than zero"):
        Terms(preservation=timedelta())


holds = st.lists(st.just(LegalHold(SEALED, "hold.", "cleo")), max_size=1).map(tuple)
requests = st.none() | st.builds(
    DestroyRequest,
    at=st.just(SEALED),
    basis=st.sampled_from(Basis),
    reason=st.just("erasure"),
    by=st.sampled_from(["ana", "ben"]),
    approved_by=st.sampled_from([None, "ana", "ben"]),
)
retentions = st.builds(
    Retention,
    since=st.just(SEALED),
    standing=st.sampled_from(Standing),
    disputed=st.booleans(),
    holds=holds,
    extensions=st.lists(st.builds(Extension, st.integers(0, 900).map(days), st.just("x"), st.just("a"))).map(
        tuple
    ),
    destroy_request=requests,
)


@given(retentions, st.integers(-10, 1000).map(days))
def test_whatever_the_record_says_the_rules_hold(retention: Retention, now: datetime) -> None:
    ruling = may_destroy(retention, TERMS, now)
    assert ruling.reasons
    if ruling.allowed:
        assert retention.standing not in {Standing.UNDECIDED, Standing.UNFINISHED}
        assert not retention.disputed
        assert not retention.holds
        due = preserve_until(retention, TERMS)
        assert due is not None
        one = retention.destroy_request
        early = now < due
        assert not early or (one is not None and one.approved_by not in {None, one.by})
        of_a_report = retention.standing in {Standing.REPORTED, Standing.CONTEXT}
        if of_a_report and now < SEALED + TERMS.preservation:
            assert one is not None
            assert one.basis is Basis.LAW_ENFORCEMENT
