"""However a scan is stopped, the next one goes on, and every file has exactly one line."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from safelight.errors import SafelightError, UsageError
from safelight.scan.observation import from_json
from safelight.scan.results import Results, open_results
from safelight.scan.run import Run
from safelight.scan.state import Finished, ScanState
from safelight.scan.tally import Tallied
from safelight.scan.walk import Found, Refused, Walk
from safelight.types import ListClass, Match, Observation, Outcome, ScanResult, UnscannedReason, Verdict

Observe = Callable[..., Observation]
MakeMatch = Callable[..., Match]


class Counting:
    """A scanner that finds everything clear and remembers what it was asked; may fail as a kill would."""

    def __init__(self, observe: Observe, *, die_after: int = 10**9) -> None:
        self._observe = observe
        self._left = die_after
        self.asked: list[str] = []
        self.verdict = Verdict(Outcome.CLEAR, "nothing-matched")

    def scan(self, source: str, **_watch: object) -> ScanResult:
        self.asked.append(source)
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return ScanResult(self._observe(name=source), self.verdict)

    def refuse(self, refused: Refused) -> ScanResult:
        self.asked.append(refused.path)
        verdict = Verdict(Outcome.UNSCANNED, "not-scanned", refused.problem.reason)
        return ScanResult(self._observe(name=refused.path, problems=(refused.problem,)), verdict)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    for number in range(50):
        (tmp_path / "tree" / f"{number:02}").write_bytes(b"x")
    os.mkfifo(tmp_path / "tree" / "fifo")
    return tmp_path


def run(place: Path, scanner: Counting, *, made_with: str = "lists-1", commit_each: bool = True) -> Run:
    """One run, as the command does it; with ``commit_each``, every file is a batch of its own."""
    ticks = iter(range(10**6)) if commit_each else iter([0] * 10**6)
    jsonl = place / "out.jsonl"
    with (
        ScanState(place / "state", results=jsonl, made_with=made_with) as state,
        open_results(jsonl, resumed=True) as lines,
    ):
        one = Run(scanner, Results(lines, state, clock=lambda: 100.0 * next(ticks)), jobs=1)
        one.over(Walk([str(place / "tree")]))
        return one


def lines(place: Path) -> list[str]:
    return [from_json(line).observation.name for line in (place / "out.jsonl").read_text().splitlines()]


def test_a_second_run_scans_nothing_again_and_counts_everything(place: Path, observe: Observe) -> None:
    first, second = Counting(observe), Counting(observe)
    assert run(place, first).tally.files == 51
    tally = run(place, second).tally
    assert second.asked == []
    assert tally.files == 51
    assert tally.reasons[UnscannedReason.NOT_A_FILE] == 1
    assert len(lines(place)) == 51


@pytest.mark.parametrize("commit_each", [True, False])
def test_a_scan_that_died_goes_on_and_every_file_has_one_line(
    place: Path, observe: Observe, *, commit_each: bool
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(place, Counting(observe, die_after=20), commit_each=commit_each)
    with (place / "out.jsonl").open("ab") as out:  # written, and not yet committed, when the power went
        out.write(b'{"schema":"safelight.observation/1","name":"to')
    rest = Counting(observe)
    run(place, rest)
    assert 0 < len(rest.asked) < 51
    assert sorted(lines(place)) == sorted({m.path for m in Walk([str(place / "tree")])})


def test_a_changed_file_is_scanned_anew(place: Path, observe: Observe) -> None:
    run(place, Counting(observe))
    (place / "tree" / "07").write_bytes(b"yy")
    stat = (place / "tree" / "08").stat()
    (place / "tree" / "08").write_bytes(b"y")  # same size, and its modification time set back
    os.utime(place / "tree" / "08", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    again = Counting(observe)
    run(place, again)
    assert sorted(Path(path).name for path in again.asked) == ["07", "08"]


def test_other_lists_or_another_policy_mean_everything_is_scanned_anew(place: Path, observe: Observe) -> None:
    run(place, Counting(observe))
    again = Counting(observe)
    run(place, again, made_with="lists-2")
    assert len(again.asked) == 51


def test_what_the_installation_failed_at_is_tried_again(place: Path, observe: Observe) -> None:
    failing = Counting(observe)
    failing.verdict = Verdict(Outcome.UNSCANNED, "not-scanned", UnscannedReason.SANDBOX_UNAVAILABLE)
    run(place, failing)
    again = Counting(observe)
    run(place, again)
    assert len(again.asked) == 50


def test_one_state_serves_one_scan_at_a_time(place: Path) -> None:
    with (
        ScanState(place / "state", results=None, made_with="x"),
        pytest.raises(UsageError, match="in use"),
    ):
        ScanState(place / "state", results=None, made_with="x")


def test_a_state_goes_with_its_results(place: Path, observe: Observe) -> None:
    run(place, Counting(observe))
    with pytest.raises(UsageError, match="belongs to the results"):
        ScanState(place / "state", results=place / "other.jsonl", made_with="x")
    (place / "out.jsonl").write_bytes(b"")
    with pytest.raises(UsageError, match="shorter"):
        ScanState(place / "state", results=place / "out.jsonl", made_with="x")


def test_results_that_are_there_are_never_overwritten(place: Path) -> None:
    precious = place / "out.jsonl"
    precious.write_text("precious")
    with pytest.raises(UsageError, match="never overwritten"):
        ScanState(place / "state", results=precious, made_with="x")
    with pytest.raises(UsageError, match="never overwritten"), open_results(precious, resumed=False):
        pass
    assert precious.read_text() == "precious"


def test_what_is_no_state_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(b"\xff\xd8\xff" * 1000)
    with pytest.raises(UsageError, match="not a scan state"):
        ScanState(picture, results=None, made_with="x")
    assert picture.read_bytes() == b"\xff\xd8\xff" * 1000
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    with pytest.raises(UsageError, match="not a scan state"):
        ScanState(other, results=None, made_with="x")
    with sqlite3.connect(tmp_path / "newer") as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(UsageError, match="newer"):
        ScanState(tmp_path / "newer", results=None, made_with="x")


def test_what_is_counted_of_a_file_survives_the_state(
    tmp_path: Path, observe: Observe, match: MakeMatch
) -> None:
    seen = observe(
        matches=(match(exact=False, distance=9), match(exact=False, distance=4), match(ListClass.NCII))
    )
    tallied = Tallied.of(ScanResult(seen, Verdict(Outcome.HOLD, "abuse-near")))
    assert tallied.matches == (("a-csam-list", ListClass.CSAM, 4), ("a-ncii-list", ListClass.NCII, -1))
    assert Tallied.from_list(tallied.to_list()) == tallied


def test_a_run_that_is_told_to_stop_leaves_the_rest_for_later(place: Path, observe: Observe) -> None:
    scanner = Counting(observe)
    with ScanState(place / "state", results=None, made_with="x") as state:
        one = Run(scanner, Results(None, state), jobs=2)
        one.on_result = lambda _: one.stop.set()
        one.over(Walk([str(place / "tree")]))
        stopped = one.tally.files
        assert 0 < stopped < 51
        rest = Run(Counting(observe), Results(None, state), jobs=2)
        rest.over(Walk([str(place / "tree")]))
        assert rest.tally.files == 51


def test_files_that_nobody_began_are_dropped_when_told_to_stop(place: Path, observe: Observe) -> None:
    class Slow(Counting):
        def scan(self, source: str, **_watch: object) -> ScanResult:
            one.stop.set()
            time.sleep(0.3)
            return super().scan(source)

    scanner = Slow(observe)
    one = Run(scanner, Results(), jobs=1)
    one.over(Walk([str(place / "tree")]))
    assert 1 <= len(scanner.asked) <= 3  # four were taken on ahead


def test_a_full_disk_is_told_plainly_and_loses_nothing_that_was_finished(
    place: Path, observe: Observe
) -> None:
    result = Counting(observe).scan("x")
    with open_results(Path("/dev/full"), resumed=True) as full:
        results = Results(full)
        results.write(Found("x", 1, 1, 1), result, Tallied.of(result))
        with pytest.raises(SafelightError, match="No space left"):
            results.commit()
    many = [Finished(Found(f"/{n}", 1, 1, 1), Tallied(Outcome.CLEAR)) for n in range(2000)]
    with ScanState(place / "state", results=None, made_with="x") as state:
        state.commit(many[:10], 0)
        state._db.execute("PRAGMA max_page_count=8")
        with pytest.raises(SafelightError, match="full"):
            state.commit(many, 0)
        state._db.execute("PRAGMA max_page_count=10000")
        assert state.finished(many[5].met) == many[5].tallied
        assert state.finished(many[500].met) is None
        state.commit(many, 0)
        assert state.finished(many[500].met) == many[500].tallied


def test_a_refused_path_that_became_a_file_is_scanned(place: Path, observe: Observe) -> None:
    run(place, Counting(observe))
    (place / "tree" / "fifo").unlink()
    (place / "tree" / "fifo").write_bytes(b"x")
    again = Counting(observe)
    run(place, again)
    (path,) = again.asked
    assert Path(path).name == "fifo"
    assert isinstance(next(iter(Walk([path]))), Found)
