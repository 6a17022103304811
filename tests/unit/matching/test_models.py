"""How far a file is a listed model: by the share of distinctive bytes, told once, with what it rests on."""

from __future__ import annotations

import dataclasses
import io
import itertools
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from models import Tensors, gguf, pytorch, safetensors, tensors

from safelight.lists import HashList, MemoryListStore
from safelight.lists.store import HashListInfo
from safelight.matching.matcher import Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.media.sandbox.client import Sandbox
from safelight.scan.fingerprints import entries, fingerprint
from safelight.scan.results import Results
from safelight.scan.run import Run
from safelight.scan.scanner import Scanner
from safelight.scan.searching import Searched
from safelight.scan.walk import Walk
from safelight.types import ListClass, Match, ModelLevel, Outcome, Part, ScanResult, UnscannedReason

LISTED = tensors(1, 20)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


Scan = Callable[[bytes], tuple[Match, ...]]


@pytest.fixture
def scan(tmp_path: Path, sandbox: Sandbox) -> Callable[..., tuple[tuple[Match, ...], Outcome]]:
    """Scan one content against lists of models given as ``(name, class, tensors)``."""

    def scanned(content: bytes, *listed: tuple[str, ListClass, Tensors]):
        store = MemoryListStore()
        for name, list_class, model in listed:
            store.create(HashListInfo(name, list_class))
            path = tmp_path / f"{name}.safetensors"
            path.write_bytes(safetensors(model))
            store.add(list(entries(fingerprint([path], sandbox), name, f"{name}-1", store)))
        searched = Searched(store, Matcher(store, MemoryIndexes(store)), lambda: 0)
        with Scanner(searched=[searched], sandbox=sandbox) as scanner:
            result = scanner.scan(content)
        return result.observation.matches, result.verdict.outcome

    return scanned


MODEL = ("traded", ListClass.MODEL, LISTED)


def levels(matches: tuple[Match, ...]) -> set[tuple[str, ModelLevel | None]]:
    return {(match.signal.type, match.level) for match in matches}


def test_the_same_file(scan) -> None:
    matches, outcome = scan(safetensors(LISTED), MODEL)
    assert ("sha256", None) in levels(matches)
    assert all(match.share is None for match in matches)
    assert outcome is Outcome.HOLD


def test_the_same_weights_under_other_names_in_another_format(scan) -> None:
    other = dict(zip((f"x{n}" for n in itertools.count()), reversed(LISTED.values()), strict=False))
    for content in (safetensors(other, {"any": "thing"}), pytorch(LISTED), gguf(LISTED)):
        matches, outcome = scan(content, MODEL)
        assert levels(matches) == {("tsid", ModelLevel.SAME_WEIGHTS)}
        assert outcome is Outcome.HOLD


def test_the_same_weights_in_another_precision(scan) -> None:
    half = {name: tensor.astype("<f2") for name, tensor in LISTED.items()}
    matches, outcome = scan(safetensors(half), MODEL)
    [match] = matches
    assert (match.level, match.share) == (ModelLevel.OTHER_PRECISION, 1.0)
    assert (match.list, match.entry_key, outcome) == ("traded", "traded-1", Outcome.HOLD)


@pytest.mark.parametrize(
    ("kept", "level"), [(12, ModelLevel.DERIVED), (5, ModelLevel.LEAD), (1, None), (0, None)]
)
def test_a_derived_copy_tells_how_much_of_it_is_the_listed_model(kept: int, level, scan) -> None:
    theirs = tensors(2, 20)
    copy = {**theirs, **dict(itertools.islice(LISTED.items(), kept))}
    matches, outcome = scan(safetensors(copy), MODEL)
    if level is None:
        assert (matches, outcome) == ((), Outcome.CLEAR)
        return
    [match] = matches
    assert match.level is level
    assert match.share == pytest.approx(kept / 20, abs=0.001)
    assert outcome is Outcome.HOLD


def test_what_a_benign_base_model_has_tells_nothing(scan) -> None:
    base = dict(itertools.islice(LISTED.items(), 10))
    own = {**tensors(3, 20), **base}
    good = ("base", ListClass.KNOWN_GOOD, base)
    assert scan(safetensors(own), MODEL)[0][0].level is ModelLevel.DERIVED
    assert {m.list for m in scan(safetensors(own), good, MODEL)[0]} <= {"base"}
    assert {m.list for m in scan(safetensors(own), MODEL, good)[0]} <= {"base"}
    tuned = {**tensors(4, 20), **dict(itertools.islice(LISTED.items(), 16))}
    [match] = [m for m in scan(safetensors(tuned), good, MODEL)[0] if m.list == "traded"]
    assert match.share == pytest.approx(0.6, abs=0.001), "six of the ten that the base does not have"


def lora(seed: int, up: str = "lora_up", count: int = 10) -> Tensors:
    """Pairs of small matrices, the down ones of one beginning."""
    began, random = np.random.default_rng(99), np.random.default_rng(seed)
    made: Tensors = {}
    for n in range(count):
        made[f"unet_{n}.lora_down.weight"] = began.standard_normal((4, 64)).astype("<f4")
        made[f"unet_{n}.{up}.weight"] = random.standard_normal((64, 4)).astype("<f4") / 100
    return made


def bfloat(tensors: Tensors) -> Tensors:
    return {name: (tensor.view("<u4") >> 16).astype("<u2") for name, tensor in tensors.items()}


@pytest.mark.parametrize("up", ["lora_up", "lora_B", "lora.up"])
@pytest.mark.parametrize("change", ["scaled", "rounded", "trained on"])
def test_a_lora_of_nearly_the_same_order_is_a_lead(change: str, up: str, scan) -> None:
    listed = {n.replace("lora_up", up): t for n, t in lora(1).items()}
    random = np.random.default_rng(5)
    content = {
        "scaled": lambda: safetensors({n: (t * np.float32(0.7)).astype("<f4") for n, t in listed.items()}),
        "rounded": lambda: safetensors(bfloat(listed)),
        "trained on": lambda: safetensors(
            {
                n: t + random.standard_normal(t.shape).astype("<f4") * np.float32(t.std() / 20)
                for n, t in listed.items()
            }
        ),
    }[change]()
    [match] = scan(content, ("traded", ListClass.MODEL, listed))[0]
    assert (match.level, match.share, match.list) == (ModelLevel.LEAD, 0.0, "traded")


def test_what_loras_of_one_beginning_have_in_common_is_no_likeness(scan) -> None:
    scaled = {name: (tensor * np.float32(0.9)).astype("<f4") for name, tensor in lora(2).items()}
    assert scan(safetensors(scaled), ("traded", ListClass.MODEL, lora(1))) == ((), Outcome.CLEAR)


def test_other_tensors_have_no_sketch(scan, sandbox: Sandbox, tmp_path: Path) -> None:
    zeros = np.zeros((64, 4), "<f4")
    zeros[::16] = 1
    model = {**tensors(1, 3), "a.lora_up.weight": zeros, **lora(1, count=1)}
    (tmp_path / "m.safetensors").write_bytes(safetensors(model))
    found = fingerprint([tmp_path / "m.safetensors"], sandbox).tensors
    assert [tensor.name for tensor in found if tensor.sketch] == ["unet_0.lora_up.weight"]
    scaled = {name: (tensor * np.float32(0.7)).astype("<f4") for name, tensor in LISTED.items()}
    assert scan(safetensors(scaled), MODEL) == ((), Outcome.CLEAR)


def test_likeness_to_a_benign_model_or_too_little_of_it_tells_nothing(scan) -> None:
    scaled = {name: (tensor * np.float32(0.7)).astype("<f4") for name, tensor in lora(1).items()}
    good = ("base", ListClass.KNOWN_GOOD, lora(1))
    traded = ("traded", ListClass.MODEL, lora(1))
    assert {m.list for m in scan(safetensors(scaled), traded)[0]} == {"traded"}
    assert {m.list for m in scan(safetensors(scaled), traded, good)[0]} <= {"base"}
    one = {**tensors(2, 20), **dict(itertools.islice(scaled.items(), 2))}
    large = ("large", ListClass.MODEL, {**lora(1, count=1), **LISTED})
    assert scan(safetensors(one), large) == ((), Outcome.CLEAR)


def test_bare_digests_of_tensors_are_a_lead(scan, sandbox: Sandbox) -> None:
    import hashlib

    hashes = HashList("bare", ListClass.MODEL)
    hashes.add("t1", hashlib.sha256(LISTED["layer.3.weight"].tobytes()).hexdigest(), key="k")
    with Scanner(lists=[hashes], sandbox=sandbox) as scanner:
        [match] = scanner.scan(safetensors(LISTED)).observation.matches
    assert (match.level, match.share) == (ModelLevel.LEAD, None)


def test_a_share_is_no_nearness_to_a_rule() -> None:
    from safelight.scan.policy import Action, Rule
    from safelight.types import Signal

    match = Match(Signal("tsid", "0" * 64), "l", ListClass.MODEL, "k", share=0.2, level=ModelLevel.LEAD)
    rule = Rule("near", Action.MATCH, distance_at_most=10)
    assert not rule.fits(match)
    assert rule.fits(dataclasses.replace(match, share=None))


Write = Callable[[Tensors], bytes]


def shards(
    folder: Path, model: Tensors, write: Write = safetensors, ending: str = "safetensors"
) -> list[Path]:
    """A model in three files, as writers of sharded models name them."""
    folder.mkdir(exist_ok=True)
    names = list(model)
    made = []
    for number, some in enumerate((names[:7], names[7:14], names[14:]), start=1):
        path = folder / f"model-{number:05d}-of-00003.{ending}"
        path.write_bytes(write({name: model[name] for name in some}))
        made.append(path)
    return made


def test_a_sharded_model_is_one(tmp_path: Path, sandbox: Sandbox) -> None:
    cut = tmp_path / "cut"
    files = shards(cut, LISTED)
    (cut / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    (cut / "config.json").write_text("{}")
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "one.safetensors").write_bytes(safetensors(LISTED))
    (whole / "config.json").write_text("{}")
    found, of_folder, of_whole = (fingerprint(paths, sandbox) for paths in (files, [cut], [whole]))
    assert found.tsid == of_folder.tsid == of_whole.tsid
    assert len(found.tensors) == 20
    assert not of_folder.problems
    assert [Path(name).name for name in of_folder.left_out] == ["config.json", "model.safetensors.index.json"]
    files[1].unlink()
    ((name, problem),) = fingerprint([cut], sandbox).problems
    assert (Path(name).name, problem.reason) == ("model-*-of-00003.safetensors", UnscannedReason.TRUNCATED)
    assert "1 of 3 shards are missing" in problem.detail


def test_a_folder_with_a_model_in_two_forms_is_known_by_each(tmp_path: Path, sandbox: Sandbox) -> None:
    shards(tmp_path / "both", LISTED)
    half = {name: tensor.astype("<f2") for name, tensor in LISTED.items()}
    shards(tmp_path / "both", half, gguf, "gguf")
    found = fingerprint([tmp_path / "both"], sandbox)
    store = MemoryListStore()
    store.create(HashListInfo("traded", ListClass.MODEL))
    told = {e.signal.value for e in entries(found, "traded", "k", store) if e.signal.type == "tsid"}
    lone = tmp_path / "lone.gguf"
    lone.write_bytes(gguf(half))
    assert {found.tsid, fingerprint([lone], sandbox).tsid} < told
    assert len(told) == 3


@pytest.fixture
def scan_folder(tmp_path: Path, sandbox: Sandbox) -> Callable[[Path], dict[str, ScanResult]]:
    """Scan a folder against the listed model, as ``safelight scan`` does; results by file name."""

    def scanned(folder: Path) -> dict[str, ScanResult]:
        store = MemoryListStore()
        store.create(HashListInfo("traded", ListClass.MODEL))
        (tmp_path / "listed.safetensors").write_bytes(safetensors(LISTED))
        found = fingerprint([tmp_path / "listed.safetensors"], sandbox)
        store.add(list(entries(found, "traded", "m-1", store)))
        searched = Searched(store, Matcher(store, MemoryIndexes(store)), lambda: 0)
        results: list[ScanResult] = []
        with Scanner(searched=[searched], sandbox=sandbox) as scanner:
            Run(scanner, Results(), 1, on_result=results.append).over(Walk([str(folder)], sets=True))
        return {Path(result.observation.name).name: result for result in results}

    return scanned


Folder = Callable[[Path], dict[str, ScanResult]]


@pytest.mark.parametrize(
    ("write", "ending"), [(safetensors, "safetensors"), (gguf, "gguf"), (pytorch, "bin")]
)
def test_the_shards_of_a_folder_are_scored_together(
    tmp_path: Path, scan_folder: Folder, write: Write, ending: str
) -> None:
    shards(tmp_path / "cut", LISTED, write, ending)
    told = scan_folder(tmp_path / "cut")
    assert len(told) == 4
    whole = told[f"model-*-of-00003.{ending}"]
    assert levels(whole.observation.matches) == {("tsid", ModelLevel.SAME_WEIGHTS)}
    assert whole.verdict.outcome is Outcome.HOLD
    assert not whole.observation.problems
    own = told[f"model-00001-of-00003.{ending}"].observation.matches
    assert [(match.level, round(match.share or 0, 2)) for match in own] == [(ModelLevel.LEAD, 0.35)]


def test_shards_in_another_precision_and_with_changed_tensors(tmp_path: Path, scan_folder: Folder) -> None:
    half = {name: tensor.astype("<f2") for name, tensor in LISTED.items()}
    shards(tmp_path / "half", half)
    (match,) = scan_folder(tmp_path / "half")["model-*-of-00003.safetensors"].observation.matches
    assert (match.level, match.share) == (ModelLevel.OTHER_PRECISION, 1)
    other = tensors(9, 20)
    tuned = {
        name: other[name] if n in {3, 8, 12, 15} else each for n, (name, each) in enumerate(LISTED.items())
    }
    shards(tmp_path / "tuned", tuned)
    (match,) = scan_folder(tmp_path / "tuned")["model-*-of-00003.safetensors"].observation.matches
    assert match.level is ModelLevel.DERIVED
    assert match.share == pytest.approx(0.8)


def test_what_is_there_of_a_set_is_matched_and_what_is_missing_is_said(
    tmp_path: Path, scan_folder: Folder
) -> None:
    shards(tmp_path / "cut", LISTED)[2].unlink()
    whole = scan_folder(tmp_path / "cut")["model-*-of-00003.safetensors"]
    (match,) = whole.observation.matches
    assert (match.level, match.share) == (ModelLevel.DERIVED, pytest.approx(0.7))
    assert [p.reason for p in whole.observation.problems] == [UnscannedReason.TRUNCATED]
    shards(tmp_path / "strange", tensors(7, 20))[0].unlink()
    strange = scan_folder(tmp_path / "strange")["model-*-of-00003.safetensors"].verdict
    assert (strange.outcome, strange.reason) == (Outcome.UNSCANNED, UnscannedReason.TRUNCATED)


def test_a_first_shard_without_tensors_is_no_fault_of_the_set(tmp_path: Path, scan_folder: Folder) -> None:
    folder = tmp_path / "cut"
    folder.mkdir()
    (folder / "model-00001-of-00002.gguf").write_bytes(gguf({}))
    (folder / "model-00002-of-00002.gguf").write_bytes(gguf(tensors(7, 20)))
    assert scan_folder(folder)["model-*-of-00002.gguf"].verdict.outcome is Outcome.CLEAR


def test_shards_under_other_names_are_one_model_where_an_index_lies_beside_them(
    tmp_path: Path, scan_folder: Folder
) -> None:
    for number, path in enumerate(shards(tmp_path / "cut", LISTED)):
        path.rename(path.with_name(f"part{number}.safetensors"))
    (tmp_path / "cut" / "model.safetensors.index.json").write_text("{}")
    told = scan_folder(tmp_path / "cut")["*.safetensors"]
    assert levels(told.observation.matches) == {("tsid", ModelLevel.SAME_WEIGHTS)}


def test_shards_that_lie_beside_each_other_in_an_archive_are_one_model(tmp_path: Path, scan) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in shards(tmp_path / "cut", LISTED):
            archive.write(path, f"model/{path.name}")
    matches, outcome = scan(file.getvalue(), MODEL)
    assert {(str(match.signal.part), match.level) for match in matches} == {
        ("!model/model-*-of-00003.safetensors", ModelLevel.SAME_WEIGHTS)
    }
    assert outcome is Outcome.HOLD


def test_the_part_is_the_file_that_holds_the_tensors(scan) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/b.gguf", gguf(LISTED))
    matches, _ = scan(file.getvalue(), MODEL)
    assert {match.signal.part for match in matches} == {Part(("a/b.gguf",))}
