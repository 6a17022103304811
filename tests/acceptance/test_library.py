"""The examples that a platform engineer would paste from the documentation do what they say."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import safelight
from safelight import HashList, ListClass, Outcome, Scanner, ScanResult, Signal, UnscannedReason

Draw = Callable[[int], Image.Image]
PAGE = Path(__file__).parents[2] / "docs" / "integrator" / "library.md"


def examples() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def photo(tmp_path: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with a picture and an altered copy of it."""
    monkeypatch.chdir(tmp_path)
    draw(1).save("photo.png")
    draw(1).save("copy.jpg", quality=60)
    draw(2).save("other.png")
    return tmp_path


def pdq(path: str) -> str:
    return next(s.value for s in safelight.hash(path) if isinstance(s, Signal) and s.type == "pdq")


def test_the_first_example_publishes_what_is_clear_and_quarantines_the_rest(photo: Path) -> None:
    Path("known.txt").write_text(f"pdq {pdq('photo.png')}\n")
    published: list[bytes] = []
    quarantined: list[ScanResult] = []
    for name in ("other.png", "copy.jpg", "known.txt"):
        exec(
            examples()[0],
            {
                "upload": Path(name).read_bytes(),
                "publish": published.append,
                "quarantine": lambda _, result: quarantined.append(result),
            },
        )
    assert published == [Path("other.png").read_bytes()]
    assert [r.verdict.outcome for r in quarantined] == [Outcome.HOLD, Outcome.UNSCANNED]
    assert {r.observation.name for r in quarantined} == {"upload-4711"}


def test_the_example_in_the_readme_publishes_what_is_clear_only(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (PAGE.parents[2] / "README.md").read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    Path("known.csv").write_text(f"pdq,key\n{pdq('photo.png')},a\n")
    for name, said in (("other.png", "publish"), ("copy.jpg", "keep back")):
        Path("upload.jpg").write_bytes(Path(name).read_bytes())
        exec(example, {})
        assert capsys.readouterr().out.startswith(said)


def test_the_last_example_finds_the_copy(photo: Path) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(examples()[2], {})
    assert said.getvalue() == "hold\n"


def test_without_a_list_nothing_is_clear(photo: Path) -> None:
    verdict = safelight.scan("photo.png").verdict
    assert (verdict.outcome, verdict.reason) == (Outcome.UNSCANNED, UnscannedReason.NO_LIST)
    empty = safelight.scan("photo.png", lists=[HashList("none", ListClass.CSAM)]).verdict
    assert empty.reason is UnscannedReason.NO_LIST


def test_a_fault_of_ours_is_told_and_logged_and_stops_nothing(
    photo: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    known = HashList("trial", ListClass.TEST)
    known.add("pdq", pdq("photo.png"))
    with Scanner(lists=[known]) as scanner:
        with monkeypatch.context() as broken:
            broken.setattr("safelight.scan.observe.digest", lambda fd: 1 / 0)
            verdict = scanner.scan("photo.png").verdict
        assert (verdict.outcome, verdict.reason) == (Outcome.UNSCANNED, UnscannedReason.CRASHED)
        assert "ZeroDivisionError" in caplog.text
        assert scanner.scan("photo.png").verdict.outcome is Outcome.HOLD


def test_a_file_that_changes_while_it_is_read_is_unscanned(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.media import inspect

    def meanwhile(*arguments: object) -> object:
        found = inspect(*arguments)  # type: ignore[arg-type]
        with Path("other.png").open("ab") as file:
            file.write(b"more")
        return found

    known = HashList("trial", ListClass.TEST)
    known.add("pdq", pdq("photo.png"))
    monkeypatch.setattr("safelight.scan.observe.inspect", meanwhile)
    with Scanner(lists=[known]) as scanner:
        assert scanner.scan("other.png").verdict.reason is UnscannedReason.CHANGED


def test_a_store_that_does_not_answer_makes_files_unscanned(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.errors import IndexDamaged
    from safelight.scan.searching import Searched

    def damaged(*_: object) -> None:
        raise IndexDamaged("a checksum is wrong; run `safelight lists compact`")

    known = HashList("trial", ListClass.TEST)
    known.add("pdq", pdq("photo.png"))
    with Scanner(lists=[known]) as scanner:
        monkeypatch.setattr(Searched, "match", damaged)
        result = scanner.scan("photo.png")
    assert result.verdict.reason is UnscannedReason.DEPENDENCY_DOWN
    assert "checksum" in result.observation.problems[-1].detail


def test_without_a_sound_index_only_equal_digests_are_told_and_nothing_is_clear(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.errors import IndexDamaged
    from safelight.matching.memory_index import MemoryIndexes

    def damaged(*_: object) -> None:
        raise IndexDamaged("a checksum is wrong")

    known = HashList("trial", ListClass.TEST)
    known.add("pdq", pdq("photo.png"))
    known.add("md5", hashlib.md5(Path("photo.png").read_bytes()).hexdigest())
    monkeypatch.setattr(MemoryIndexes, "hamming", damaged)
    with Scanner(lists=[known]) as scanner:
        same, other = scanner.scan("photo.png"), scanner.scan("other.png")
    assert same.verdict.outcome is Outcome.MATCH
    assert other.verdict.outcome is Outcome.UNSCANNED
    assert other.verdict.reason is UnscannedReason.DEPENDENCY_DOWN
    assert {problem.detail for r in (same, other) for problem in r.observation.problems} == {
        "a checksum is wrong"
    }
