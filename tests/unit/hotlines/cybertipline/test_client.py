"""The client against the mock: every call, every code kept, and no answer taken for one that is not whole."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator

import httpx2
import pytest

from safelight.errors import NeverAsked, NoAnswer, StoreUnavailable, UsageError
from safelight.hotlines.cybertipline.client import Client
from safelight.hotlines.cybertipline.environments import BASES, Environment, Place
from safelight.hotlines.cybertipline.outcomes import CODES, Call, Outcome, outcome_of
from safelight.hotlines.mock.calls import Hotline
from safelight.hotlines.mock.documents import Checker
from safelight.hotlines.mock.faults import Fault, Faults
from safelight.hotlines.mock.serving import Conduct, MockServer
from safelight.hotlines.mock.state import Standing, State


def test_a_report_with_a_file_from_status_to_receipt(client, state, report, details) -> None:
    assert client.status().code == 0
    opened = client.submit(report)
    assert outcome_of(Call.SUBMIT, opened) is Outcome.ACKNOWLEDGED
    content = [bytes([number]) * 70_000 for number in range(5)]
    sent = client.upload(opened.report_id, "a picture.png", content, 350_000)
    assert sent.md5 == hashlib.md5(b"".join(content)).hexdigest() == sent.answer.hash
    assert outcome_of(Call.UPLOAD, sent.answer, md5=sent.md5) is Outcome.ACKNOWLEDGED
    assert client.describe(details(opened.report_id, sent.answer.file_id)).code == 0
    receipt = client.finish(opened.report_id)
    assert (receipt.root, receipt.files) == ("reportDoneResponse", (sent.answer.file_id,))
    [kept] = state.reports()
    assert (kept.standing, kept.finishes, kept.document) == (Standing.FINISHED, 1, report)
    assert [(file.name, file.size, file.md5) for file in kept.files] == [("a picture.png", 350_000, sent.md5)]
    assert state.answers()[-1].body == receipt.body
    assert state.answers()[-1].request_id == receipt.request_id


def test_what_is_finished_retracted_or_never_was_is_told_by_its_code(client, report, details) -> None:
    first, second = client.submit(report).report_id, client.submit(report).report_id
    assert client.finish(first).code == 0
    assert client.finish(first).code == client.retract(first).code == 5102
    assert client.retract(second).code == 0
    assert client.retract(second).code == client.finish(second).code == 5101
    assert client.upload(second, "f", [b"x"], 1).answer.code == 5101
    assert client.finish("1").code == client.finish("not a number").code == 5001
    third = client.submit(report).report_id
    assert client.describe(details(third, "0" * 32)).code == 5002
    sent = client.upload(third, "f", [b"x"], 1).answer.file_id
    assert [client.describe(details(third, sent)).code for _ in range(2)] == [0, 4000]


def test_documents_out_of_order_or_no_xml_are_refused_with_400(client, report) -> None:
    assert (client.submit(b"<report").code, client.submit(b"<report").status) == (4110, 400)
    incident, reporter = report.index(b"<incidentSummary>"), report.index(b"<reporter>")
    swapped = report[:incident] + report[reporter:-9] + report[incident:reporter] + b"</report>"
    assert client.submit(swapped).code == 4100
    without_mail = report.replace(b"trust@example.org", b"")
    assert outcome_of(Call.SUBMIT, client.submit(without_mail)) is Outcome.REFUSED


def test_a_wrong_password_is_told_by_401_without_xml_and_means_credentials(mock, report) -> None:
    with Client(Place(Environment.MOCK, "mock", "wrong", mock.base)) as client:
        answer = client.submit(report)
    assert (answer.status, answer.code, answer.body) == (401, None, b"")
    assert outcome_of(Call.SUBMIT, answer) is Outcome.CREDENTIALS


@pytest.mark.parametrize("fault", [f for f in Fault if f.acts or f is Fault.SILENT])
def test_an_answer_that_is_not_whole_is_lost_and_one_that_is_slow_is_not(
    mock, client, hurried, state, report, fault
) -> None:
    opened = client.submit(report).report_id
    mock.conduct(Conduct(faults=Faults(1.0, kinds=(fault,)), silent_seconds=0.3, slow_seconds=0.2))
    asking = hurried if fault is Fault.SILENT else client
    if fault is Fault.DONE_SLOWLY:
        assert asking.finish(opened).code == 0
    elif fault is Fault.DONE_THEN_BAD_GATEWAY:
        assert outcome_of(Call.FINISH, asking.finish(opened)) is Outcome.LOST
    else:
        with pytest.raises(NoAnswer):
            asking.finish(opened)
    [kept] = state.reports()
    assert (kept.standing is Standing.FINISHED) == fault.acts


def test_an_answer_that_trickles_for_ever_is_lost(mock, report) -> None:
    mock.conduct(Conduct(faults=Faults(1.0, kinds=(Fault.DONE_SLOWLY,)), slow_seconds=3.0))
    place = Place(Environment.MOCK, "mock", "mock", mock.base)
    with Client(place, answer_seconds=0.2) as client, pytest.raises(NoAnswer):
        client.submit(report)


def test_a_service_that_is_not_there_was_never_asked(report) -> None:
    away = Place(Environment.MOCK, "m", "m", "http://localhost:9/ispws")
    with Client(away) as client, pytest.raises(NeverAsked):
        client.submit(report)


def test_a_file_that_cannot_be_read_was_never_sent_and_one_that_ends_early_may_have_been(
    client, report
) -> None:
    opened = client.submit(report).report_id

    def failing(after: int) -> Iterator[bytes]:
        for _ in range(after):
            yield bytes(100_000)
        raise StoreUnavailable("the store is away")

    with pytest.raises(NeverAsked):
        client.upload(opened, "f", failing(0), 1_000_000)
    with pytest.raises(NoAnswer):
        client.upload(opened, "f", failing(4), 1_000_000)
    with pytest.raises(NoAnswer):
        client.upload(opened, "f", [b"shorter"], 1_000_000)


def test_unknown_codes_are_kept_as_they_came_and_mean_nothing(report) -> None:
    told = b"<reportResponse><responseCode>7777</responseCode><responseDescription>New</responseDescription>"
    answering = httpx2.MockTransport(lambda _: httpx2.Response(200, content=told + b"</reportResponse>"))
    place = Place(Environment.TEST, "u", "p")
    with Client(place, transport=answering) as client:
        answer = client.submit(report)
    assert (answer.code, answer.description, answer.body) == (7777, "New", told + b"</reportResponse>")
    assert outcome_of(Call.SUBMIT, answer) is Outcome.UNKNOWN


@pytest.mark.parametrize("call", list(Call))
@pytest.mark.parametrize("code", [*CODES, 1210])
def test_every_documented_code_has_a_meaning(call: Call, code: int) -> None:
    told = f"<reportResponse><responseCode>{code}</responseCode></reportResponse>".encode()
    answering = httpx2.MockTransport(lambda _: httpx2.Response(200, content=told))
    with Client(Place(Environment.TEST, "u", "p"), transport=answering) as client:
        outcome = outcome_of(call, client.finish("1"))
    if code == 0 and call in {Call.SUBMIT, Call.UPLOAD}:
        assert outcome is Outcome.LOST  # success without the id that it must carry
    else:
        assert outcome is CODES.get(code, Outcome.UNKNOWN)


def test_a_file_that_arrived_altered_differs(report) -> None:
    told = "<r><responseCode>0</responseCode><reportId>1</reportId><fileId>f</fileId><hash>00</hash></r>"
    answering = httpx2.MockTransport(lambda _: httpx2.Response(200, content=told.encode()))
    with Client(Place(Environment.TEST, "u", "p"), transport=answering) as client:
        sent = client.upload("1", "f", [b"x"], 1)
    assert outcome_of(Call.UPLOAD, sent.answer, md5=sent.md5) is Outcome.DIFFERS


def test_the_request_id_is_logged_and_the_password_never_is(client, report, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    answer = client.submit(report)
    assert answer.request_id
    assert answer.request_id in caplog.text
    assert "Basic" not in caplog.text
    assert "password='" not in repr(Place(Environment.TEST, "u", "secret"))


def test_nothing_is_taken_from_an_answer_with_entities() -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "0">]><r><responseCode>&a;</responseCode></r>'
    answering = httpx2.MockTransport(lambda _: httpx2.Response(200, content=bomb))
    with Client(Place(Environment.TEST, "u", "p"), transport=answering) as client:
        assert client.status().code is None


def test_the_mock_is_never_elsewhere_and_the_others_are_encrypted() -> None:
    elsewhere = Place(Environment.MOCK, "u", "p", "http://hotline.example.org/ispws")
    with pytest.raises(UsageError, match="this machine"):
        Client(elsewhere)
    assert all(base.startswith("https://") for base in BASES.values())


def test_the_mock_knows_these_calls_and_no_other(mock, state) -> None:
    auth = httpx2.BasicAuth("mock", "mock")
    with httpx2.Client(auth=auth, trust_env=False) as http:
        for call in ("reports", "cancel", "../status", ""):
            assert http.get(f"{mock.base}/{call}").status_code == 404
        assert http.get(f"{mock.base}/submit").status_code == 404
        assert http.post(f"{mock.base}/status").status_code == 404
    assert state.reports() == []


def test_forms_may_be_urlencoded_or_multipart(mock, report, client) -> None:
    auth = httpx2.BasicAuth("mock", "mock")
    with httpx2.Client(auth=auth, trust_env=False) as http:
        for how in ("data", "files"):
            number = client.submit(report).report_id
            given = {"id": number} if how == "data" else {"id": (None, number)}
            assert b"<responseCode>0<" in http.post(f"{mock.base}/finish", **{how: given}).content


def test_what_is_not_finished_in_time_is_gone(tmp_path, report) -> None:
    present = [0.0]
    state = State(tmp_path / "m", clock=lambda: present[0])
    with state.acting():
        number = state.open_report(report, batched=False)
    present[0] = 23.9 * 3600
    with state.acting():
        state.describe(number, "", b"")
    present[0] = 24.5 * 3600
    assert state.reports()[0].standing is Standing.OPEN
    present[0] = 25 * 3600
    assert state.reports()[0].standing is Standing.DELETED
    state.close()


def test_a_mock_remembers_what_it_was_told_before_it_was_stopped(tmp_path, report) -> None:
    for turn in range(2):
        state = State(tmp_path / "m")
        server = MockServer(Hotline(state, Checker(None)), Conduct())
        server.start()
        with Client(Place(Environment.MOCK, "mock", "mock", server.base)) as client:
            client.submit(report)
        server.stop()
        assert len(state.reports()) == turn + 1
        state.close()
