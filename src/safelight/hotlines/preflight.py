"""Everything that the hotline would refuse, found offline, before anything is sent.

The order of elements cannot be wrong, because the XML is built from the ordered model. The rest is checked
here: each value by itself, the rules about several, the batched mode, and, where the operator has fetched the
hotline's present schema, that too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from safelight.errors import ReportInvalid
from safelight.hotlines.codes import NEWER_FLAGS
from safelight.hotlines.cybertipline import rules
from safelight.hotlines.cybertipline.batched import of_batched
from safelight.hotlines.cybertipline.file_rules import of_file
from safelight.hotlines.cybertipline.schema import Schema
from safelight.hotlines.cybertipline.xml import file_details_xml, report_xml
from safelight.hotlines.files import FileDetails
from safelight.hotlines.findings import Finding, beginning
from safelight.hotlines.limits import of_value
from safelight.hotlines.model import Report
from safelight.hotlines.wire import Leaf, nodes


def check(
    report: Report,
    files: Sequence[FileDetails] = (),
    *,
    at: datetime,
    shares_hashes: bool = False,
    schema: Schema | None = None,
) -> tuple[Finding, ...]:
    """What is wrong, what stops the report first. ``at`` is the present: times must lie before it.

    ``shares_hashes``: the operator signed the industry's agreement. ``schema``: the operator's own copy.
    """
    found = [
        *_of_part(report, "", at, schema),
        *rules.of_report(report),
        *of_batched(report, files),
    ]
    for number, details in enumerate(files):
        path = f"files[{number}]"
        found += _of_part(details, path, at, schema)
        found += of_file(path, details, shares_hashes=shares_hashes)
    if schema is not None:
        found += _of_schema(report, files, schema, {finding.field for finding in found if finding.stops})
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: not finding.stops))


def stops(findings: Sequence[Finding]) -> bool:
    """Whether any of them must be mended before the report can be sent."""
    return any(finding.stops for finding in findings)


def _of_part(part: object, path: str, at: datetime, schema: Schema | None) -> Iterator[Finding]:
    for node in nodes(part, path):
        if isinstance(node, Leaf):
            yield from of_value(node, at)
            yield from _newer(node, schema)
        else:
            yield from rules.of_record(node)


def _newer(leaf: Leaf, schema: Schema | None) -> Iterator[Finding]:
    """What only newer documentation has goes out only if the operator's schema says that it is taken."""
    flag = leaf.value in NEWER_FLAGS if isinstance(leaf.value, str) else False
    name = str(leaf.value) if flag else leaf.slot.wire_name
    if (flag or leaf.slot.wire.newer) and (schema is None or not schema.has_element(name)):
        yield Finding(
            "newer-than-schema",
            leaf.path,
            f"{beginning(leaf.path)} ({name}) is newer than the schema that this was built"
            " against. Fetch the hotline's present one (safelight hotline cybertipline fetch-schema), or"
            " leave it out.",
        )


def _of_schema(
    report: Report, files: Sequence[FileDetails], schema: Schema, known: set[str]
) -> Iterator[Finding]:
    """What the operator's copy of the schema refuses and no rule has found at the same place."""
    parts: list[tuple[str, Report | FileDetails]] = [("", report)]
    parts += [(f"files[{number}]", details) for number, details in enumerate(files)]
    for path, part in parts:
        try:
            body = (
                report_xml(part)
                if isinstance(part, Report)
                else file_details_xml(part, report_id=1, file_id="0" * 32)
            )
        except ReportInvalid:
            continue  # the value's own finding says why it cannot even be written
        for refused in schema.refusals(body, type(part), path):
            if refused.field not in known:
                yield refused
