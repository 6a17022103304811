"""What is written can be read back, fits the published schema, and holds no listed value."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import UsageError
from safelight.scan.observation import from_json, to_json
from safelight.types import (
    Coverage,
    Grade,
    ListClass,
    Match,
    MediaKind,
    Observation,
    Outcome,
    Part,
    Picture,
    Problem,
    Provenance,
    ScanResult,
    SearchedList,
    Signal,
    Span,
    Transform,
    Unhashable,
    UnhashableReason,
    UnscannedReason,
    Verdict,
)

Observe = Callable[..., Observation]

SCHEMA = json.loads(resources.files("safelight.schemas").joinpath("observation-1.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

text = st.text(st.characters(codec="utf-8"), max_size=12)
seconds = st.floats(0, 1e6)
names = st.binary(min_size=1, max_size=20).filter(lambda raw: b"\0" not in raw).map(os.fsdecode)
parts = st.builds(
    Part,
    members=st.lists(text.filter(bool), max_size=2).map(tuple),
    selectors=st.lists(st.tuples(st.sampled_from(["frame", "t", "over"]), text), max_size=2).map(tuple),
)
signals = st.builds(
    Signal,
    type=st.sampled_from(["md5", "sha256", "pdq"]),
    value=st.text("0123456789abcdef", min_size=1, max_size=64),
    quality=st.none() | st.integers(0, 100),
    part=parts,
)


shares = st.floats(0, 1)
seconds = st.floats(0, 1e6)


@st.composite
def results(draw: st.DrawFn) -> ScanResult:
    found = draw(st.lists(signals, max_size=3, unique_by=lambda s: (s.type, str(s.part))))
    match = st.builds(
        Match,
        signal=st.sampled_from(found) if found else st.nothing(),
        list=text,
        list_class=st.sampled_from(ListClass),
        entry_key=text,
        classification=st.none() | text,
        distance=st.integers(0, 256),
        transform=st.sampled_from(Transform),
        shadow=st.booleans(),
        held=st.booleans(),
        coverage=st.none() | st.builds(Coverage, shares, shares),
        spans=st.lists(st.builds(Span, seconds, seconds, seconds), max_size=2).map(tuple),
    )
    observation = Observation(
        name=draw(names),
        size=draw(st.integers(0, 2**63)),
        kind=draw(st.sampled_from(MediaKind)),
        mime=draw(text),
        scanned_at=draw(st.datetimes(timezones=st.just(UTC))),
        pictures=tuple(
            draw(st.lists(st.builds(Picture, parts, st.integers(1, 9), st.integers(1, 9)), max_size=2))
        ),
        signals=tuple(found),
        unhashable=tuple(
            draw(
                st.lists(
                    st.builds(
                        Unhashable,
                        st.just("pdq"),
                        st.sampled_from(UnhashableReason),
                        st.integers(0, 100),
                        parts,
                    ),
                    max_size=2,
                )
            )
        ),
        matches=tuple(draw(st.lists(match, max_size=3))) if found else (),
        matches_capped=draw(st.booleans()),
        provenance=tuple(
            draw(
                st.lists(
                    st.builds(
                        Provenance,
                        text,
                        st.sampled_from(Grade),
                        text,
                        st.dictionaries(text, text, max_size=2),
                    ),
                    max_size=2,
                )
            )
        ),
        problems=tuple(
            draw(st.lists(st.builds(Problem, st.sampled_from(UnscannedReason), parts, text), max_size=2))
        ),
        searched=tuple(
            draw(
                st.lists(
                    st.builds(SearchedList, text, st.sampled_from(ListClass), st.integers(0, 9)), max_size=2
                )
            )
        ),
    )
    outcome = draw(st.sampled_from(Outcome))
    reason = draw(st.sampled_from(UnscannedReason)) if outcome is Outcome.UNSCANNED else None
    limited = draw(st.none() | st.sampled_from(UnhashableReason)) if outcome is Outcome.CLEAR else None
    return ScanResult(observation, Verdict(outcome, draw(text), reason, limited))


@given(results())
def test_every_result_fits_the_schema_and_reads_back_equal(result: ScanResult) -> None:
    line = to_json(result, withhold=False)
    assert from_json(line) == result
    VALIDATOR.validate(json.loads(line))
    VALIDATOR.validate(json.loads(to_json(result)))
    assert line.isascii()
    assert line.isprintable()


@given(results())
def test_a_value_that_equals_a_listed_one_is_withheld(result: ScanResult) -> None:
    listed = {m.signal.value for m in result.observation.matches if m.distance == 0}
    assert not listed & {s["value"] for s in json.loads(to_json(result))["signals"]}


def test_a_name_that_is_not_utf8_stands_as_readable_text_and_as_its_bytes(observe: Observe) -> None:
    result = ScanResult(
        observe(name=os.fsdecode(b"caf\xe9\n.jpg")), Verdict(Outcome.CLEAR, "nothing-matched")
    )
    document = json.loads(to_json(result))
    assert document["name"] == "caf\ufffd\n.jpg"
    assert from_json(to_json(result)).observation.name == os.fsdecode(b"caf\xe9\n.jpg")


def test_every_field_of_the_records_is_in_the_schema() -> None:
    """A field added to a record and forgotten here would be lost on the way to other programs."""
    left_out = {"signals": {"variants"}}
    of = {
        "pictures": Picture,
        "unhashable": Unhashable,
        "provenance": Provenance,
        "problems": Problem,
        "signals": Signal,
    }
    assert set(SCHEMA["required"]) - {"schema", "verdict"} == {
        f.name for f in dataclasses.fields(Observation)
    }
    for field, record in of.items():
        described = set(SCHEMA["properties"][field]["items"]["required"])
        assert described == {f.name for f in dataclasses.fields(record)} - set(left_out.get(field, ()))
    assert set(SCHEMA["properties"]["verdict"]["required"]) == {f.name for f in dataclasses.fields(Verdict)}
    assert len(SCHEMA["properties"]["matches"]["items"]["required"]) == len(dataclasses.fields(Match)) + 1


def test_fields_that_a_later_minor_version_adds_are_ignored(observe: Observe) -> None:
    result = ScanResult(observe(), Verdict(Outcome.CLEAR, "nothing-matched"))
    later = json.loads(to_json(result)) | {"mood": "new"}
    VALIDATOR.validate(later)
    assert from_json(json.dumps(later)) == result


def test_times_are_utc_and_end_in_z(observe: Observe) -> None:
    when = datetime.fromisoformat("2026-01-02T05:00:00+02:00")
    line = to_json(ScanResult(observe(scanned_at=when), Verdict(Outcome.CLEAR, "nothing-matched")))
    assert json.loads(line)["scanned_at"] == "2026-01-02T03:00:00Z"


@pytest.mark.parametrize("line", ["", "[]", "{}", "null", '{"schema": "safelight.observation/2"}', "{", "3"])
def test_what_is_no_observation_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        from_json(line)
