"""The policy as the operator writes it, in TOML; anything doubtful is refused with the rule and the field."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from safelight.errors import PolicyError
from safelight.scan.policy import POLICY_SCHEMA, Action, Policy, Rule, TooPlain, Unsupported
from safelight.types import ListClass

_Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w.-]+$")]
_Percent = Annotated[int, Field(ge=0, le=100)]

_ModelSignal = Literal["autov1", "autov2", "autov3", "t1", "t16", "tsid", "sketch"]
_SoundSignal = Literal["chromaprint", "chromaprint_short"]
_SignalName = Literal["md5", "sha1", "sha256", "pdq", "vpdq"] | _ModelSignal | _SoundSignal


class _RuleForm(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Name
    action: Literal["match", "hold", "note"]
    classes: Annotated[list[str], Field(min_length=1)] | None = None
    lists: Annotated[list[str], Field(min_length=1)] | None = None
    signals: Annotated[list[_SignalName], Field(min_length=1)] | None = None
    exact: bool | None = None
    distance_at_most: Annotated[int, Field(ge=0, le=256)] | None = None
    query_percent_at_least: _Percent | None = None
    listed_percent_at_least: _Percent | None = None

    @field_validator("classes")
    @classmethod
    def _known_classes(cls, classes: list[str] | None) -> list[str] | None:
        for name in classes or ():
            if name not in list(ListClass):
                raise ValueError(f"there is no list class {name!r}; the classes are {', '.join(ListClass)}")
            if name == ListClass.KNOWN_GOOD:
                raise ValueError("known_good lists are never acted upon, so no rule can name that class")
        return classes

    def rule(self) -> Rule:
        return Rule(
            name=self.name,
            action=Action[self.action.upper()],
            classes=None if self.classes is None else frozenset(map(ListClass, self.classes)),
            lists=None if self.lists is None else frozenset(self.lists),
            signals=None if self.signals is None else frozenset(self.signals),
            exact=self.exact,
            distance_at_most=self.distance_at_most,
            query_percent_at_least=self.query_percent_at_least,
            listed_percent_at_least=self.listed_percent_at_least,
        )


class _PolicyForm(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_: Literal["safelight.policy/1"] = Field(alias="schema")
    too_plain: Literal["clear", "hold"] = "clear"
    unsupported: Literal["unscanned", "digests"] = "unscanned"
    rules: Annotated[list[_RuleForm], Field(min_length=1)]


def load_policy(path: Path) -> Policy:
    """Read a policy file. Raises :class:`~safelight.errors.PolicyError` in plain words."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise PolicyError(f"cannot read the policy {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"the policy {path} is not UTF-8 text") from error
    return parse_policy(text, str(path))


def parse_policy(text: str, source: str = "the policy") -> Policy:
    """Read a policy's TOML text. Raises :class:`~safelight.errors.PolicyError` in plain words."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{source} is not valid TOML: {error}") from error
    try:
        form = _PolicyForm.model_validate(table)
    except ValidationError as error:
        raise PolicyError("\n".join([f"{source} is not valid:", *_plain(error, table)])) from None
    twice = [name for name, times in Counter(rule.name for rule in form.rules).items() if times > 1]
    if twice:
        raise PolicyError(f"{source} is not valid: two rules are named {twice[0]!r}; give each its own name")
    rules = tuple(rule.rule() for rule in form.rules)
    return Policy(rules, TooPlain(form.too_plain), Unsupported(form.unsupported))


def format_policy(policy: Policy) -> str:
    """The TOML text of a policy, which :func:`parse_policy` reads back to an equal one."""
    settings = [f'schema = "{POLICY_SCHEMA}"', f'too_plain = "{policy.too_plain}"']
    blocks = ["\n".join([*settings, f'unsupported = "{policy.unsupported}"'])]
    for rule in policy.rules:
        lines = ["[[rules]]", f'name = "{rule.name}"']
        for field, values in (("classes", rule.classes), ("lists", rule.lists), ("signals", rule.signals)):
            if values is not None:
                lines.append(f"{field} = [{', '.join(map(_quoted, sorted(values)))}]")
        if rule.exact is not None:
            lines.append(f"exact = {str(rule.exact).lower()}")
        for field, number in (
            ("distance_at_most", rule.distance_at_most),
            ("query_percent_at_least", rule.query_percent_at_least),
            ("listed_percent_at_least", rule.listed_percent_at_least),
        ):
            if number is not None:
                lines.append(f"{field} = {number}")
        lines.append(f'action = "{rule.action.name.lower()}"')
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'


_PLAIN = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of a policy; is it misspelt?",
    "too_short": "is empty; leave it out if it should not matter",
}


def _plain(error: ValidationError, table: dict[str, object]) -> list[str]:
    """One line a mistake: where (rule by its name), then what."""
    lines = []
    for mistake in error.errors():
        where = list(mistake["loc"])
        place = ""
        if where[:1] == ["rules"] and len(where) > 1 and isinstance(where[1], int):
            number, where = where[1], where[2:]
            rules = table["rules"]
            rule = rules[number] if isinstance(rules, list) else None
            name = rule.get("name") if isinstance(rule, dict) else None
            place = f"rule {number + 1}" + (f" ({name!r})" if name else "")
        field = next((str(step) for step in where if isinstance(step, str)), "")
        said = _PLAIN.get(mistake["type"]) or mistake["msg"].removeprefix("Value error, ").removeprefix(
            "Input "
        )
        joint = " " if said.startswith(("is ", "should ")) else ": "
        lines.append("  " + ": ".join(filter(None, [place, joint.join(filter(None, [field, said]))])))
    return lines
