"""Scanning takes the evidence along where somebody will look, and follows named models to lists of models."""

from __future__ import annotations

import pytest
from origins import A1111, FOOOCUS, HASH10, HASH12, INVOKE, SHA, png
from small_files import picture

from safelight import HashList
from safelight.scan.observation import from_json, to_json
from safelight.scan.origin import Examine
from safelight.scan.scanner import Scanner
from safelight.signals.weights import claimed_model
from safelight.types import ListClass, Outcome

FILE = png(texts={"parameters": A1111})


def model_list(signal_type: str, value: str, list_class: ListClass = ListClass.MODEL) -> HashList:
    made = HashList("models", list_class)
    made.add(signal_type, value, key="key 7")
    return made


def scan(content: bytes, *lists: HashList, **options: object):
    with Scanner(lists=lists, accept_partial_sandbox=True, **options) as scanner:
        return scanner.scan(content)


@pytest.mark.parametrize(
    ("content", "signal_type", "value"),
    [
        (FILE, "autov2", HASH10),
        (FILE, "autov3", HASH12),
        (png(texts={"parameters": FOOOCUS}), "autov3", HASH12),
        (png(texts={"invokeai_metadata": INVOKE}), "autov2", SHA[:10]),
    ],
)
def test_a_listed_model_holds_the_file_and_is_evidence(content, signal_type, value):
    result = scan(content, model_list(signal_type, value))
    assert result.verdict.outcome is Outcome.HOLD
    [match] = result.observation.matches
    assert (match.list_class, match.signal.type) == (ListClass.MODEL, signal_type)
    link = next(item for item in result.observation.provenance if item.kind == "model_link")
    assert link.detail["list"] == "models"
    assert value not in to_json(result)


@pytest.mark.parametrize("list_class", [c for c in ListClass if c is not ListClass.MODEL])
def test_a_named_model_matches_no_other_list(list_class):
    result = scan(FILE, model_list("autov2", HASH10, list_class), examine=Examine.ALWAYS)
    assert result.observation.matches == ()


def test_a_sha256_that_a_file_only_names_is_never_the_files_own():
    content = png(texts={"invokeai_metadata": INVOKE})
    result = scan(content, model_list("sha256", SHA, ListClass.CSAM), examine=Examine.ALWAYS)
    assert result.observation.matches == ()
    assert claimed_model(SHA).type == "autov2"


def test_only_what_will_be_looked_at_is_examined():
    nothing = model_list("sha256", "0f" * 32, ListClass.TEST)
    clear = scan(FILE, nothing)
    assert (clear.verdict.outcome, clear.observation.provenance_examined) == (Outcome.CLEAR, False)
    asked = scan(FILE, nothing, examine=Examine.ALWAYS)
    assert asked.verdict.outcome is Outcome.CLEAR
    assert [item.kind for item in asked.observation.provenance] == ["generator"]


def test_the_observation_keeps_it():
    result = scan(FILE, model_list("autov2", HASH10))
    again = from_json(to_json(result, withhold=False))
    assert again.observation.provenance == result.observation.provenance
    assert again.observation.provenance_examined


def test_nothing_found_is_not_the_same_as_not_examined():
    listed = model_list("autov2", HASH10)
    assert scan(picture("PNG"), listed).observation.provenance == ()
    assert scan(picture("PNG"), listed).observation.provenance_examined
