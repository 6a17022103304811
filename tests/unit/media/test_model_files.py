"""A model is known by its tensors, whatever file they are in; nothing in a file is ever carried out."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from models import Tensors, gguf, onnx, pytorch, safetensors, tensors
from safetensors.numpy import save

from safelight.media import Findings, OpenedFile, inspect, open_media
from safelight.media.sandbox.client import Sandbox
from safelight.types import UnscannedReason

TENSORS = tensors()
WRITERS = {"safetensors": safetensors, "pytorch": pytorch, "gguf": gguf, "onnx": onnx}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def look(content: bytes, sandbox: Sandbox) -> Findings:
    with open_media(content) as opened:
        assert isinstance(opened, OpenedFile)
        return inspect(opened, sandbox)


def values(findings: Findings, type_: str) -> list[str]:
    return sorted(signal.value for signal in findings.signals if signal.type == type_)


def t1(tensors: Tensors) -> list[str]:
    return sorted(
        hashlib.sha256(t.tobytes()).hexdigest() for n, t in tensors.items() if n.startswith("layer")
    )


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_yields_the_same_tensors(name: str, sandbox: Sandbox) -> None:
    findings = look(WRITERS[name](TENSORS), sandbox)
    assert findings.problems == ()
    assert values(findings, "t1") == t1(TENSORS)
    assert values(findings, "t16") == t1({n: t.astype("<f2") for n, t in TENSORS.items()})
    sorted_digests = b"".join(map(bytes.fromhex, t1(TENSORS)))
    assert values(findings, "tsid") == [hashlib.sha256(sorted_digests).hexdigest()]


def test_what_the_format_s_own_library_writes(sandbox: Sandbox) -> None:
    findings = look(save(TENSORS, {"made": "by the library"}), sandbox)
    assert findings.problems == ()
    assert values(findings, "t1") == t1(TENSORS)


@pytest.mark.parametrize("name", WRITERS)
def test_half_and_double_precision_have_the_same_t16(name: str, sandbox: Sandbox) -> None:
    single = values(look(WRITERS[name](TENSORS), sandbox), "t16")
    assert len(single) == 12
    for dtype in ("<f2", "<f8"):
        copy = {n: t.astype(dtype) for n, t in TENSORS.items()}
        assert values(look(WRITERS[name](copy), sandbox), "t16") == single


def test_brain_floats_have_the_t16_of_the_numbers_that_they_are(sandbox: Sandbox) -> None:
    bits = {n: (t.view("<u4") >> 16).astype("<u2") for n, t in TENSORS.items()}
    numbers = {n: (t.astype("<u4") << 16).view("<f4") for n, t in bits.items()}
    brain = values(look(safetensors(bits), sandbox), "t16")
    assert len(brain) == 12
    assert brain == values(look(safetensors(numbers), sandbox), "t16")
    assert brain == values(
        look(safetensors({n: t.astype("<f2") for n, t in numbers.items()}), sandbox), "t16"
    )


def test_a_tensor_has_an_address(sandbox: Sandbox) -> None:
    findings = look(safetensors(TENSORS), sandbox)
    assert "!tensor=layer.0.weight" in {str(signal.part) for signal in findings.signals}


def test_the_hashes_of_hosting_sites(sandbox: Sandbox) -> None:
    big = {"w": np.random.default_rng(5).standard_normal(600_000).astype("<f4")}
    content = safetensors(big, {"title": "x"})
    findings = look(content, sandbox)
    assert values(findings, "autov1") == [hashlib.sha256(content[0x100000:0x110000]).hexdigest()[:8]]
    assert values(findings, "autov3") == [hashlib.sha256(big["w"].tobytes()).hexdigest()[:12]]
    renamed = look(safetensors({"other": big["w"]}, {"sshs_model_hash": "claimed"}), sandbox)
    assert values(renamed, "autov3") == values(findings, "autov3")


def test_a_model_within_an_archive(sandbox: Sandbox) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("m/model.safetensors", safetensors(TENSORS))
    findings = look(file.getvalue(), sandbox)
    assert "!m/model.safetensors!tensor=layer.3.weight" in {str(s.part) for s in findings.signals}
    assert [str(s.part) for s in findings.signals if s.type == "autov2"] == ["!m/model.safetensors"]


def test_what_hides_in_a_model_archive_is_not_passed_over(sandbox: Sandbox) -> None:
    file = io.BytesIO(pytorch(TENSORS))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("archive/holiday.png", b"a picture")
    findings = look(file.getvalue(), sandbox)
    assert any("no part of a model" in problem.detail for problem in findings.problems)
    assert values(findings, "t1") == t1(TENSORS)


# -- malformed headers ---------------------------------------------------------------------------------------


def rewritten(change) -> bytes:
    content = safetensors(TENSORS)
    [length] = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    text = change(header)
    text = (text if isinstance(text, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def repeated(header: dict) -> str:
    text = json.dumps(header)
    return text[:-1] + ', "layer.0.weight": ' + json.dumps(header["layer.1.weight"]) + "}"


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("a key twice", repeated),
        ("outside the file", lambda h: h["layer.0.weight"].update(data_offsets=[1 << 40, (1 << 40) + 9])),
        ("overlap", lambda h: h["layer.1.weight"].update(data_offsets=[100, 6500])),
        ("does not fit its bytes", lambda h: h["layer.1.weight"].update(shape=[3, 3])),
        ("no tensor owns", lambda h: h.pop("layer.11.weight") and None),
        ("malformed", lambda h: h.update(extra={"dtype": "F32"})),
        ("malformed", lambda h: h.update(extra={"dtype": "F32", "shape": [1], "data_offsets": [1.5, 2]})),
    ],
)
def test_a_malformed_header_is_flagged_and_what_is_in_bounds_hashed(words, change, sandbox: Sandbox) -> None:
    findings = look(rewritten(change), sandbox)
    assert [problem.reason for problem in findings.problems] == [UnscannedReason.DAMAGED] * len(
        findings.problems
    )
    assert any(words in problem.detail for problem in findings.problems)
    assert set(values(findings, "t1")) & set(t1(TENSORS)) >= set(t1(TENSORS)[:0]) | set(
        t1({n: t for n, t in TENSORS.items() if n in ("layer.5.weight", "layer.6.weight")})
    )
    assert values(findings, "autov3") == values(look(safetensors(TENSORS), sandbox), "autov3")


def test_a_truncated_model_keeps_its_first_tensors(sandbox: Sandbox) -> None:
    for write in WRITERS.values():
        if write is pytorch:
            continue  # its directory is at its end; the archive reader finds what is left
        content = write(TENSORS)
        findings = look(content[: len(content) - 20_000], sandbox)
        assert findings.problems
        first = {n: t for n, t in TENSORS.items() if n in ("layer.0.weight", "layer.1.weight")}
        if write is not onnx:
            assert set(t1(first)) <= set(values(findings, "t1"))


def test_tensors_that_overlap_do_not_multiply_the_work(sandbox: Sandbox) -> None:
    everything = {"dtype": "U8", "shape": [70_000], "data_offsets": [0, 70_000]}

    def bomb(header: dict) -> None:
        header.clear()
        header.update({f"t{n}": everything for n in range(40_000)})

    content = rewritten(bomb)
    findings = look(content, sandbox)
    assert len(values(findings, "t1")) <= 2 * len(content) / 70_000
    assert any("more than the file can hold" in problem.detail for problem in findings.problems)


# -- pickles -------------------------------------------------------------------------------------------------


class Trap:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (self.path,))


def test_a_pickle_is_never_carried_out(tmp_path, sandbox: Sandbox) -> None:
    trap = pickle.dumps(Trap(str(tmp_path / "sprung")), protocol=2)
    file = io.BytesIO(pytorch(TENSORS))
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    members["archive/data.pkl"] = trap
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    findings = look(file.getvalue(), sandbox)
    assert values(findings, "t1") == t1(TENSORS)
    assert [p.reason for p in look(trap, sandbox).problems] == [UnscannedReason.UNSUPPORTED]
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("fault", ["no shape", "a member before the file"])
def test_a_header_that_lacks_what_it_needs_is_damaged_never_a_dead_decoder(
    fault: str, sandbox: Sandbox
) -> None:
    if fault == "no shape":
        header = b'{"w":{"dtype":"U8","data_offsets":[0,1024]}}'
        content = len(header).to_bytes(8, "little") + header + bytes(range(256)) * 4
    else:
        content = bytearray(pytorch(tensors(1, 2)))
        end = content.rindex(b"PK\5\6")
        start = int.from_bytes(content[end + 16 : end + 20], "little")
        content[end + 16 : end + 20] = (start + 40).to_bytes(4, "little")
    findings = look(bytes(content), sandbox)
    assert {problem.reason for problem in findings.problems} == {UnscannedReason.DAMAGED}
