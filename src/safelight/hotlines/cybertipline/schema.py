"""The operator's own copy of the hotline's schema: fetched with their credentials, never shipped.

It is the last word on which elements the service takes today. Its digest goes into the ledger with each
report, so that it can be said later which version a report was checked against.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, Final, Self, get_args

from safelight.errors import UsageError
from safelight.hotlines.findings import Finding
from safelight.hotlines.wire import Form, slots_of

SCHEMA_FILE: Final = Path("hotlines", "cybertipline.xsd")
"""Where the copy lies inside the workspace."""
LARGEST: Final = 4 << 20
_SCHEMA: Final = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema that was read. ``digest`` is the SHA-256 of its bytes, in hexadecimal."""

    digest: str
    elements: frozenset[str]
    _compiled: Any = field(repr=False)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read a schema. Raises :class:`~safelight.errors.UsageError` for what is none."""
        try:
            from lxml import etree  # noqa: PLC0415 - an extra; only who has fetched a schema needs it
        except ImportError:
            raise UsageError("To read a schema, install safelight[hotlines].") from None
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(content, parser)
            compiled = etree.XMLSchema(root)
        except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
            raise UsageError(f"This is no XML schema: {error}. Fetch it anew.") from None
        names = frozenset(one.get("name") for one in root.iter(f"{_SCHEMA}element") if one.get("name"))
        return cls(hashlib.sha256(content).hexdigest(), names, compiled)

    @classmethod
    def of_workspace(cls, workspace: Path) -> Self | None:
        """The copy in a workspace; None where none was fetched. Raises as :meth:`parse`."""
        path = workspace / SCHEMA_FILE
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
        except FileNotFoundError:
            return None
        if len(content) > LARGEST:
            raise UsageError(f"{path} is larger than any schema of the hotline; fetch it anew.")
        return cls.parse(content)

    def has_element(self, name: str) -> bool:
        """Whether the schema knows an element of this name, anywhere."""
        return name in self.elements

    def refusals(self, body: bytes, model: type, path: str = "") -> Iterator[Finding]:
        """What the schema refuses in a document built from ``model``; ``path`` goes before each address."""
        from lxml import etree  # noqa: PLC0415 - as above

        document = etree.fromstring(body)
        if self._compiled.validate(document):
            return
        for error in self._compiled.error_log:
            where = address(error.path or "", model)
            yield Finding(
                "schema",
                ".".join(filter(None, (path, where))),
                f"The hotline's schema refuses this: {error.message}",
            )


def address(xpath: str, model: type) -> str:
    """The model's address of an element: ``/report/victim[2]/schoolName`` is ``victims[1].school_name``."""
    said: list[str] = []
    here: Any = model
    for name, number in re.findall(r"/(\w+)(?:\[(\d+)\])?", xpath)[1:]:
        if not is_dataclass(here):
            choices = {one().kind: one for one in get_args(get_args(here)[0])} if get_args(here) else {}
            here = choices.get(name)
            if here is None:
                break
            continue
        slot = next((one for one in slots_of(here) if one.wire_name == name), None)  # type: ignore[arg-type]
        if slot is None or slot.wire.form is Form.UNSENT:
            break
        numbered = slot.many and slot.wire.form is not Form.FLAGS
        said.append(f"{slot.name}[{int(number or 1) - 1}]" if numbered else slot.name)
        here = slot.holds
    return ".".join(said)
