"""How far a file is a listed model: by the share of distinctive bytes, told once, with what it rests on."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from models import Tensors, gguf, pytorch, safetensors, tensors

from safelight.lists import HashList, MemoryListStore
from safelight.lists.store import HashListInfo
from safelight.media.sandbox.client import Sandbox
from safelight.scan.fingerprints import entries, fingerprint
from safelight.scan.scanner import Scanner
from safelight.types import ListClass, Match, ModelLevel, Outcome, Part

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
        from safelight.matching.matcher import Matcher
        from safelight.matching.memory_index import MemoryIndexes
        from safelight.scan.searching import Searched

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


def test_a_sharded_model_is_one(tmp_path: Path, sandbox: Sandbox) -> None:
    names = list(LISTED)
    for number, part in enumerate((names[:9], names[9:])):
        shard = safetensors({name: LISTED[name] for name in part})
        (tmp_path / f"model-{number}.safetensors").write_bytes(shard)
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "one.safetensors").write_bytes(safetensors(LISTED))
    shards = fingerprint([tmp_path / "model-0.safetensors", tmp_path / "model-1.safetensors"], sandbox)
    assert shards.tsid == fingerprint([whole], sandbox).tsid
    assert np.isclose(len(shards.tensors), 20)


def test_the_part_is_the_file_that_holds_the_tensors(scan) -> None:
    import io
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/b.gguf", gguf(LISTED))
    matches, _ = scan(file.getvalue(), MODEL)
    assert {match.signal.part for match in matches} == {Part(("a/b.gguf",))}
