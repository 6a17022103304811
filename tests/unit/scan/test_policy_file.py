"""A policy file means what it says, or is refused in words that name the rule and the field."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import PolicyError
from safelight.scan.policy import DEFAULT_POLICY, Action, Policy, Rule, TooPlain, Unsupported
from safelight.scan.policy_file import format_policy, load_policy, parse_policy
from safelight.types import ListClass

HEAD = 'schema = "safelight.policy/1"\n'
RULE = HEAD + '[[rules]]\nname = "strict"\naction = "hold"\n'

names = st.text("abcXYZ019_.-", min_size=1, max_size=20)
rules = st.builds(
    Rule,
    name=names,
    action=st.sampled_from(Action),
    classes=st.none() | st.frozensets(st.sampled_from([ListClass.CSAM, ListClass.NCII]), min_size=1),
    lists=st.none() | st.frozensets(st.text(st.characters(codec="utf-8"), max_size=9), min_size=1),
    signals=st.none() | st.frozensets(st.sampled_from(["md5", "sha1", "sha256", "pdq"]), min_size=1),
    exact=st.none() | st.booleans(),
    distance_at_most=st.none() | st.integers(0, 256),
)


@given(
    st.builds(
        Policy,
        rules=st.lists(rules, min_size=1, unique_by=lambda rule: rule.name).map(tuple),
        too_plain=st.sampled_from(TooPlain),
        unsupported=st.sampled_from(Unsupported),
    )
)
def test_a_written_policy_reads_back_equal(policy: Policy) -> None:
    assert parse_policy(format_policy(policy)) == policy
    assert parse_policy(format_policy(policy)).fingerprint() == policy.fingerprint()


def test_the_default_is_a_valid_policy_file() -> None:
    assert parse_policy(format_policy(DEFAULT_POLICY)) == DEFAULT_POLICY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            RULE.replace('action = "hold"', 'action = "delete"'),
            "rule 1 ('strict'): action should be 'match', 'hold' or 'note'",
        ),
        (RULE + "exakt = true\n", "rule 1 ('strict'): exakt is not a field of a policy; is it misspelt?"),
        (
            RULE + "distance_at_most = 300\n",
            "rule 1 ('strict'): distance_at_most should be less than or equal to 256",
        ),
        (RULE + 'distance_at_most = "31"\n', "rule 1 ('strict'): distance_at_most should be a valid integer"),
        (RULE + 'exact = "yes"\n', "rule 1 ('strict'): exact should be a valid boolean"),
        (
            RULE + 'classes = ["csma"]\n',
            "rule 1 ('strict'): classes: there is no list class 'csma'; the classes are csam",
        ),
        (
            RULE + 'classes = ["known_good"]\n',
            "rule 1 ('strict'): classes: known_good lists are never acted upon",
        ),
        (RULE + "classes = []\n", "rule 1 ('strict'): classes is empty"),
        (HEAD + '[[rules]]\naction = "hold"\n', "rule 1: name is missing"),
        (RULE + RULE.removeprefix(HEAD), "two rules are named 'strict'"),
        (RULE.removeprefix(HEAD), "schema is missing"),
        (RULE.replace("policy/1", "policy/2"), "schema should be 'safelight.policy/1'"),
        (HEAD, "rules is missing"),
        ("rules = 3", "rules should be a valid list"),
        ("rules = [3]", "rule 1: should be"),
        ("schema =", "not valid TOML"),
    ],
)
def test_a_mistake_is_named(text: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "policy.toml")
    assert said in str(caught.value)
    assert "policy.toml" in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused_too(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="No such file"):
        load_policy(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b'schema = "\xff"')
    with pytest.raises(PolicyError, match="UTF-8"):
        load_policy(tmp_path / "latin.toml")
