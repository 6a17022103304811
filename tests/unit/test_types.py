"""The records that every room speaks keep their text forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.types import WHOLE, Part, Transform

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
parts = st.builds(
    Part,
    st.lists(names, max_size=3).map(tuple),
    st.lists(st.tuples(names, names), max_size=3).map(tuple),
)


@given(parts)
def test_a_part_address_reads_back_as_the_same_part(part: Part) -> None:
    assert Part.parse(str(part)) == part


@given(parts)
def test_a_part_address_is_one_printable_line(part: Part) -> None:
    assert "\n" not in str(part)
    assert "\x1b" not in str(part)


def test_the_addresses_in_the_documentation() -> None:
    assert str(WHOLE) == ""
    assert str(Part(("inner/pic.png",))) == "!inner/pic.png"
    assert str(WHOLE.select(t=12.0)) == "#t=12.0"
    assert str(WHOLE.select(page=3).select(image=1)) == "#page=3/image=1"
    assert str(Part(("a.zip", "b.gif"), (("frame", "3"),))) == "!a.zip!b.gif#frame=3"


@pytest.mark.parametrize("text", ["inner", "x#t=1", "#t", "#page=1/image"])
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a part address"):
        Part.parse(text)


def test_there_are_eight_dihedral_variants_and_the_original_is_first() -> None:
    assert len(Transform) == 8
    assert next(iter(Transform)) is Transform.ORIGINAL
