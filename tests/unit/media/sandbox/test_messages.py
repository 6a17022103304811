"""What a decoder says is read strictly, and anything else is refused."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.media.sandbox.messages import (
    IMAGE_MESSAGES,
    Body,
    Deferred,
    Ended,
    InvalidMessage,
    PictureFound,
    ProblemFound,
)
from safelight.types import Part, UnscannedReason

HASHES = [f"{n:064x}" for n in range(8)]
PICTURE = {
    "selectors": [["frame", "3"], ["over", "white"]],
    "width": 4,
    "height": 3,
    "quality": 7,
    "hashes": HASHES,
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


def read(value: object) -> Body:
    return IMAGE_MESSAGES.read(json.dumps(value).encode())


def test_a_picture_is_read_with_its_place() -> None:
    found = read({"picture": PICTURE})
    assert isinstance(found, PictureFound)
    assert found.part == Part(selectors=(("frame", "3"), ("over", "white")))
    assert (found.width, found.height, found.quality, list(found.hashes)) == (4, 3, 7, HASHES)


def test_the_other_kinds_are_read() -> None:
    assert read({"defer": {"to": "pillow"}}) == Deferred(to="pillow")
    assert read({"end": {"parts": 2}}) == Ended(parts=2)
    problem = read({"problem": {"reason": "truncated", "detail": "ends early", "selectors": [["page", "2"]]}})
    assert problem == ProblemFound(
        reason=UnscannedReason.TRUNCATED, detail="ends early", selectors=(("page", "2"),)
    )


def test_text_that_could_drive_a_terminal_is_made_harmless() -> None:
    problem = read({"problem": {"reason": "damaged", "detail": "a\x1b[2Jb\n\u202ec"}})
    assert isinstance(problem, ProblemFound)
    assert problem.detail == "a\ufffd[2Jb\ufffd\ufffdc"


@pytest.mark.parametrize(
    "reason", sorted(set(UnscannedReason) - set(ProblemFound.model_fields["reason"].annotation.__args__))
)
def test_a_decoder_cannot_give_reasons_that_are_not_its_to_give(reason: UnscannedReason) -> None:
    with pytest.raises(InvalidMessage):
        read({"problem": {"reason": reason.value}})


@given(st.sampled_from(sorted(PICTURE)), json_values)
def test_a_picture_with_any_other_field_is_refused(field: str, value: object) -> None:
    try:
        found = read({"picture": {**PICTURE, field: value}})
    except InvalidMessage:
        return
    assert isinstance(found, PictureFound)
    assert json.loads(found.model_dump_json())[field] == value


@given(st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_refused_and_nothing_raises_but_that(message: bytes) -> None:
    with suppress(InvalidMessage):
        assert isinstance(IMAGE_MESSAGES.read(message), Body)


def test_a_refusal_does_not_quote_the_message() -> None:
    with pytest.raises(InvalidMessage) as refusal:
        read({"picture": {**PICTURE, "width": "a secret"}})
    assert "secret" not in str(refusal.value)
