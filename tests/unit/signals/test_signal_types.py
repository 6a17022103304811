"""Every signal type has one way of writing a value, and says plainly what is wrong with another."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest

from safelight.errors import UsageError
from safelight.signals import SIGNAL_TYPES, signal_type
from safelight.signals.signal_type import SignalType

TYPES = list(SIGNAL_TYPES.values())


def test_the_types_there_are() -> None:
    assert list(SIGNAL_TYPES) == [
        *("md5", "sha1", "sha256", "pdq", "vpdq"),
        *("autov1", "autov2", "autov3", "t1", "t16", "tsid", "sketch"),
        *("chromaprint", "chromaprint_short"),
    ]
    assert {each.name: each.max_distance for each in TYPES if each.max_distance} == {"pdq": 64, "vpdq": 64}


def test_an_unknown_type_is_answered_with_those_known() -> None:
    with pytest.raises(UsageError, match="no signal type 'phash'; there are md5, sha1, sha256, pdq, vpdq"):
        signal_type("phash")


@pytest.mark.parametrize("type_", TYPES, ids=lambda t: t.name)
def test_examples_are_canonical(type_: SignalType) -> None:
    assert type_.examples()
    for example in type_.examples():
        assert type_.canonical(example) == example
        assert type_.canonical(f"  {example.upper()}\r\n") == example


@pytest.mark.parametrize("type_", TYPES, ids=lambda t: t.name)
def test_wrong_values_are_refused_without_repeating_them(type_: SignalType) -> None:
    example = type_.examples()[0]
    wrong = [
        "",
        example[:-1],
        example + "0",
        example[:-1] + "g",
        "x" + example,
        example[:5] + " " + example[6:],
    ]
    for value in wrong:
        with pytest.raises(ValueError, match="hexadecimal") as refused:
            type_.canonical(value)
        assert not value or value not in str(refused.value)


def test_other_encodings_are_not_guessed() -> None:
    sha1 = base64.b32encode(bytes.fromhex(signal_type("sha1").examples()[0])).decode()
    pdq = base64.b64encode(bytes.fromhex(signal_type("pdq").examples()[0])).decode()
    for name, value in (("sha1", sha1), ("pdq", pdq)):
        with pytest.raises(ValueError, match="convert base32 or base64 to hexadecimal first"):
            signal_type(name).canonical(value)


def test_importing_the_types_stays_light() -> None:
    heavy = {"numpy", "pydantic", "cryptography", "PIL"}
    code = f"import sys, safelight.signals; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
