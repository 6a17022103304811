"""Whatever is lost, and wherever: one report is finished, once, each file once, and no orphan forgotten.

Each of these drives the steps against the mock's own calls, with answers that are lost before or after it
acted; whoever drives them may be killed between any two steps, which is the same as an answer that is lost.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.hotlines.cybertipline.answers import Answer, read_answer
from safelight.hotlines.cybertipline.outcomes import CODES, Call, Outcome, outcome_of
from safelight.hotlines.cybertipline.steps import Ask, Attempt, Course, Done, Orphan, Stopped, Why
from safelight.hotlines.mock.calls import Arrived, ArrivedFile, Hotline
from safelight.hotlines.mock.documents import Checker
from safelight.hotlines.mock.state import Standing, State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOES = ["well", "never sent", "says it failed", "lost before", "lost after"]
MOST = 200


@dataclass
class Matter:
    """One report of some files on its way to a mock of its own."""

    hotline: Hotline
    document: bytes
    files: int
    attempts: list[Attempt] = field(default_factory=list)

    def course(self) -> Course:
        return Course.after(self.attempts, self.files)

    def drive(self, goes: Iterable[str]) -> Done | Stopped:
        """Ask what is to be asked, and let each go as told; when nothing more is told, all goes well."""
        told = iter(goes)
        for _ in range(MOST):
            move = self.course().next_move()
            if not isinstance(move, Ask):
                return move
            self.attempts.append(self._asked(move, next(told, "well")))
        raise AssertionError("it goes on for ever")

    def _asked(self, ask: Ask, goes: str) -> Attempt:
        made = Attempt(ask.opening, ask.call, Outcome.LOST, NOW, ask.file)
        match goes:
            case "never sent":
                return Attempt(ask.opening, ask.call, Outcome.NOT_SENT, NOW, ask.file)
            case "says it failed":
                return Attempt(ask.opening, ask.call, Outcome.FAILED, NOW, ask.file)
            case "lost before":
                return made
        md5 = hashlib.md5(str(ask.file).encode()).hexdigest()
        inside = f"<reportId>{ask.report_id}</reportId><fileId>{ask.file_id}</fileId>"
        details = f"<fileDetails>{inside}</fileDetails>".encode()
        document = self.document if ask.call is Call.SUBMIT else details
        arrived = Arrived(ask.call, document, ask.report_id, ArrivedFile(f"file {ask.file}", 1, md5))
        reply = self.hotline.act(arrived)
        if goes == "lost after":
            return made
        answer = read_answer(reply.status, reply.body)
        outcome = outcome_of(ask.call, answer, md5=md5)
        return Attempt(ask.opening, ask.call, outcome, NOW, ask.file, answer.report_id, answer.file_id)


@pytest.fixture(scope="module")
def hotline(tmp_path_factory):
    state = State(tmp_path_factory.mktemp("mock"))
    yield Hotline(state, Checker(None))
    state.close()


def afresh(hotline: Hotline) -> None:
    with hotline.state.acting():
        for table in ("file", "report"):
            hotline.state._database.execute(f"DELETE FROM {table}")


def hold_against(hotline: Hotline, matter: Matter, end: Done | Stopped) -> None:
    reports = hotline.state.reports()
    finished = [report for report in reports if report.standing is Standing.FINISHED]
    assert isinstance(end, Done)
    assert [str(report.id) for report in finished] == [end.report_id]
    [one] = finished
    assert one.finishes == 1
    assert [file.name for file in one.files] == [f"file {n}" for n in range(matter.files)]
    assert all(file.details is not None for file in one.files)
    left_open = [str(report.id) for report in reports if report.standing is Standing.OPEN]
    orphans = matter.course().orphans
    named = {orphan.report_id for orphan in orphans if orphan.report_id}
    unnamed = [orphan for orphan in orphans if not orphan.report_id]
    assert len(set(left_open) - named) <= len(unnamed)
    assert end.report_id not in named


@pytest.mark.parametrize("files", [0, 1])
def test_every_way_in_which_the_first_steps_can_go(hotline, report, files) -> None:
    for goes in itertools.product(GOES, repeat=4):
        afresh(hotline)
        matter = Matter(hotline, report, files)
        hold_against(hotline, matter, matter.drive(goes))


@settings(max_examples=150, deadline=None)
@given(goes=st.lists(st.sampled_from(GOES), max_size=60), files=st.integers(0, 4))
def test_any_way_in_which_many_steps_can_go(hotline, report, goes, files) -> None:
    afresh(hotline)
    matter = Matter(hotline, report, files)
    hold_against(hotline, matter, matter.drive(goes))


def after(files: int, *told: tuple[Call, Outcome]) -> Course:
    """A course after attempts of its first opening; uploads and descriptions are of its first file."""
    attempts = [
        Attempt(1, call, outcome, NOW, 0 if call in {Call.UPLOAD, Call.DESCRIBE} else None, "77", "f")
        for call, outcome in told
    ]
    return Course.after(attempts, files)


OPENED = (Call.SUBMIT, Outcome.ACKNOWLEDGED)
SENT = (Call.UPLOAD, Outcome.ACKNOWLEDGED)
TOLD = (Call.DESCRIBE, Outcome.ACKNOWLEDGED)


def test_a_lost_submit_leaves_an_orphan_without_a_number_and_opens_another() -> None:
    course = after(1, (Call.SUBMIT, Outcome.LOST))
    assert course.orphans == [Orphan(1)]
    assert course.next_move() == Ask(Call.SUBMIT, 2, setbacks=1)


def test_after_a_lost_upload_the_report_is_retracted_and_another_opened() -> None:
    course = after(1, OPENED, (Call.UPLOAD, Outcome.LOST))
    assert course.next_move() == Ask(Call.RETRACT, 1, "77", setbacks=1)
    course.take(Attempt(1, Call.RETRACT, Outcome.ACKNOWLEDGED, NOW))
    assert course.next_move() == Ask(Call.SUBMIT, 2, setbacks=1)
    assert course.orphans == []


def test_a_lost_fileinfo_is_repeated_and_its_refused_repeat_retracts() -> None:
    course = after(1, OPENED, SENT, (Call.DESCRIBE, Outcome.LOST))
    assert course.next_move() == Ask(Call.DESCRIBE, 1, "77", 0, "f", 1)
    course.take(Attempt(1, Call.DESCRIBE, Outcome.REFUSED, NOW, 0))
    assert course.next_move() == Ask(Call.RETRACT, 1, "77", setbacks=2)


def test_a_first_fileinfo_that_is_refused_stops_for_a_person() -> None:
    course = after(1, OPENED, SENT, (Call.DESCRIBE, Outcome.REFUSED))
    assert course.next_move() == Stopped(Why.REFUSED, 1, "77")


def test_already_finished_after_a_lost_finish_is_stored_as_just_that() -> None:
    course = after(0, OPENED, (Call.FINISH, Outcome.LOST), (Call.FINISH, Outcome.FINISHED))
    assert course.next_move() == Done(1, "77", receipted=False)


def test_nothing_is_opened_while_it_is_not_known_whether_a_report_was_finished() -> None:
    course = after(0, OPENED, (Call.FINISH, Outcome.LOST))
    for _ in range(50):
        assert course.next_move() == Ask(Call.FINISH, 1, "77", setbacks=course._setbacks)
        course.take(Attempt(1, Call.FINISH, Outcome.LOST, NOW))
    course.take(Attempt(1, Call.FINISH, Outcome.REPORT_GONE, NOW))
    assert course.next_move() == Stopped(Why.FINISH_UNKNOWN, 1, "77")


def test_a_report_that_may_be_finished_is_left_only_when_its_retraction_was_heard() -> None:
    course = after(0, OPENED, (Call.FINISH, Outcome.LOST), (Call.FINISH, Outcome.REFUSED))
    course.take(Attempt.restarted(1, NOW))
    for _ in range(50):
        assert isinstance(ask := course.next_move(), Ask)
        assert (ask.call, ask.opening) == (Call.RETRACT, 1)
        course.take(Attempt(1, Call.RETRACT, Outcome.LOST, NOW))
    course.take(Attempt(1, Call.RETRACT, Outcome.FINISHED, NOW))
    assert course.next_move() == Stopped(Why.FINISH_UNKNOWN, 1, "77")
    course.take(Attempt.told_finished(1, NOW))
    assert course.next_move() == Done(1, "77", receipted=False)


def test_bad_credentials_stop_at_once_and_a_restart_goes_on_where_it_stood() -> None:
    course = after(1, OPENED, SENT, (Call.DESCRIBE, Outcome.CREDENTIALS))
    assert course.next_move() == Stopped(Why.CREDENTIALS, 1, "77")
    course.take(Attempt.restarted(1, NOW))
    assert course.next_move() == Ask(Call.DESCRIBE, 1, "77", 0, "f")


@pytest.mark.parametrize("call", [Call.UPLOAD, Call.FINISH])
@pytest.mark.parametrize("outcome", [Outcome.REPORT_GONE, Outcome.RETRACTED])
def test_a_report_that_is_gone_is_opened_anew(call: Call, outcome: Outcome) -> None:
    course = after(int(call is Call.UPLOAD), OPENED, (call, outcome))
    assert course.next_move() == Ask(Call.SUBMIT, 2, setbacks=1)
    assert course.orphans == []


@pytest.mark.parametrize("call", list(Call))
def test_an_unknown_code_stops_for_a_person(call: Call) -> None:
    before = {
        Call.SUBMIT: (),
        Call.UPLOAD: (OPENED,),
        Call.DESCRIBE: (OPENED, SENT),
        Call.FINISH: (OPENED, SENT, TOLD),
        Call.RETRACT: (OPENED, (Call.UPLOAD, Outcome.LOST)),
    }
    course = after(1, *before[call], (call, Outcome.UNKNOWN))
    move = course.next_move()
    if call is Call.RETRACT:
        assert isinstance(move, Ask)  # tried a few times more, then left to the hotline's deadline
    else:
        assert isinstance(move, Stopped)
        assert move.why is Why.UNKNOWN


def test_a_retraction_that_never_succeeds_leaves_a_recorded_orphan() -> None:
    course = after(1, OPENED, (Call.UPLOAD, Outcome.LOST))
    while isinstance(ask := course.next_move(), Ask) and ask.call is Call.RETRACT:
        course.take(Attempt(1, Call.RETRACT, Outcome.FAILED, NOW))
    assert course.orphans == [Orphan(1, "77")]


def test_files_that_arrive_altered_again_and_again_stop_for_a_person() -> None:
    course = Course(1)
    for opening in (1, 2, 3):
        course.take(Attempt(opening, Call.SUBMIT, Outcome.ACKNOWLEDGED, NOW, report_id=str(opening)))
        course.take(Attempt(opening, Call.UPLOAD, Outcome.DIFFERS, NOW, 0))
        if opening < 3:
            course.take(Attempt(opening, Call.RETRACT, Outcome.ACKNOWLEDGED, NOW))
    assert course.next_move() == Stopped(Why.DIFFERS, 3, "3")


def test_setbacks_add_up_over_openings_so_that_pauses_grow() -> None:
    course, seen = Course(1), []
    for opening in range(1, 6):
        seen.append(course.next_move().setbacks)
        course.take(Attempt(opening, Call.SUBMIT, Outcome.ACKNOWLEDGED, NOW, report_id="1"))
        course.take(Attempt(opening, Call.UPLOAD, Outcome.LOST, NOW, 0))
        course.take(Attempt(opening, Call.RETRACT, Outcome.ACKNOWLEDGED, NOW))
    assert seen == [0, 1, 2, 3, 4]


def test_an_answer_that_comes_late_for_an_earlier_opening_changes_nothing() -> None:
    course = after(1, OPENED, (Call.UPLOAD, Outcome.LOST), (Call.RETRACT, Outcome.ACKNOWLEDGED))
    before = course.next_move()
    course.take(Attempt(1, Call.FINISH, Outcome.ACKNOWLEDGED, NOW, report_id="77"))
    assert course.next_move() == before


AGAIN, SURELY, REFUSED, AFRESH = "tried again", "name or password", "refused", "opened anew"
HANDLED = {
    1000: AGAIN, 1100: AGAIN, 1110: AGAIN, 1111: AGAIN, 1300: AGAIN,
    2000: SURELY, 3000: SURELY, 3100: SURELY, 3300: SURELY,
    4000: REFUSED, 4100: REFUSED, 4110: REFUSED, 4200: REFUSED,
    5001: AFRESH, 5101: AFRESH,
}  # fmt: skip
"""What the service's documentation asks for. 0, 1210, 5002 and 5102 have tests of their own."""


def before(call: Call) -> list[Attempt]:
    """What went well until a report of one file comes to that call."""
    went = [
        Attempt(1, Call.SUBMIT, Outcome.ACKNOWLEDGED, NOW, report_id="7"),
        Attempt(1, Call.UPLOAD, Outcome.ACKNOWLEDGED, NOW, 0, file_id="f"),
        Attempt(1, Call.DESCRIBE, Outcome.ACKNOWLEDGED, NOW, 0),
    ]
    if call is Call.RETRACT:
        return [*went[:1], Attempt(1, Call.UPLOAD, Outcome.LOST, NOW, 0)]
    return went[: [Call.SUBMIT, Call.UPLOAD, Call.DESCRIBE, Call.FINISH].index(call)]


def after_code(call: Call, *codes: int) -> Course:
    """Where a report stands once that call was answered with these codes, one after the other."""
    course = Course.after(before(call), 1)
    for code in codes:
        move = course.next_move()
        assert isinstance(move, Ask)
        assert move.call is call
        outcome = outcome_of(call, Answer(200, b"", code=code))
        course.take(Attempt(course.opening, call, outcome, NOW, move.file))
    return course


def test_each_documented_code_has_a_handling() -> None:
    assert HANDLED.keys() | {0, 5002, 5102} == CODES.keys()


@pytest.mark.parametrize("call", [Call.SUBMIT, Call.UPLOAD, Call.DESCRIBE, Call.FINISH])
@pytest.mark.parametrize("code", HANDLED)
def test_each_code_is_handled_as_the_documentation_asks(call: Call, code: int) -> None:
    course = after_code(call, code)
    move = course.next_move()
    match HANDLED[code]:
        case "tried again":
            assert isinstance(move, Ask)
            assert move.setbacks == 1, "after a pause"
        case "name or password":
            assert isinstance(move, Stopped)
            assert move.why is Why.CREDENTIALS
        case "refused":
            assert isinstance(move, Stopped)
            assert move.why is Why.REFUSED
        case _ if call is not Call.SUBMIT:
            assert isinstance(move, Ask)
            assert (move.call, move.opening, move.setbacks) == (Call.SUBMIT, 2, 1)
            assert course.orphans == []


@pytest.mark.parametrize("call", [Call.SUBMIT, Call.UPLOAD, Call.DESCRIBE, Call.FINISH])
def test_what_nobody_can_act_on_waits_for_a_person(call: Call) -> None:
    for code in (1210, 9999):
        move = after_code(call, code).next_move()
        assert isinstance(move, Stopped)
        assert move.why is Why.UNKNOWN


def test_a_server_error_says_not_how_far_it_came_and_is_tried_again_as_if_it_had_acted() -> None:
    submit = after_code(Call.SUBMIT, 1000)
    assert submit.next_move() == Ask(Call.SUBMIT, 2, setbacks=1)
    assert submit.orphans == [Orphan(1)]
    upload = after_code(Call.UPLOAD, 1000)
    assert upload.next_move() == Ask(Call.RETRACT, 1, "7", setbacks=1)
    describe = after_code(Call.DESCRIBE, 1000)
    assert describe.next_move() == Ask(Call.DESCRIBE, 1, "7", 0, "f", setbacks=1)
    finish = after_code(Call.FINISH, 1000)
    assert finish.next_move() == Ask(Call.FINISH, 1, "7", setbacks=1)
    gone = after_code(Call.FINISH, 1000, 5001).next_move()
    assert gone == Stopped(Why.FINISH_UNKNOWN, 1, "7"), "it may have been finished: never open another"


def test_a_file_that_is_gone_is_uploaded_again_with_the_whole_report() -> None:
    assert after_code(Call.DESCRIBE, 5002).next_move() == Ask(Call.RETRACT, 1, "7", setbacks=1)


@pytest.mark.parametrize("before_it", [(), (1000,), (1300,)])
def test_finished_already_is_success_without_a_receipt(before_it: tuple[int, ...]) -> None:
    assert after_code(Call.FINISH, *before_it, 5102).next_move() == Done(1, "7", receipted=False)


@pytest.mark.parametrize("code", [5001, 5101, 1000, 1300, 2000, 5102])
def test_a_retract_ends_or_is_tried_again(code: int) -> None:
    move = after_code(Call.RETRACT, code).next_move()
    if code in {5001, 5101}:
        assert isinstance(move, Ask)
        assert (move.call, move.opening) == (Call.SUBMIT, 2)
    elif code in {1000, 1300}:
        assert move == Ask(Call.RETRACT, 1, "7", setbacks=2)
    else:
        assert isinstance(move, Stopped)
