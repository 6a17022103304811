"""The bundle for people to read: one page of text and tables, with no picture, no link and no script.

Everything that came from outside is escaped; the page forbids itself to load anything at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Final

from safelight.bundle.description import CustodyStep, DecisionTold, Description, ItemTold

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111;"
    "background:#fff}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}h3{font-size:1rem}"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}"
    "th,td{border:1px solid #999;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    "th{background:#eee}td,code{overflow-wrap:anywhere}code{font-size:.85em}"
    ".note{border-left:4px solid #999;padding-left:.8rem}"
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_BASES: Final = {
    "viewed": "whoever decided opened the file whole",
    "hash_confirmed": "its digests equal those of a listed file; nobody here opened it for the decision",
    "without_viewing": "nobody here opened the file for the decision",
}


def summary(told: Description) -> str:
    """The page."""
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>Evidence bundle {told.id}</title><style>{_STYLE}</style></head><body>",
            f"<h1>Evidence bundle</h1>{_who(told)}{_items(told)}{_custody(told.custody)}{_proof(told)}",
            "</body></html>\n",
        )
    )


def _who(told: Description) -> str:
    alone = (
        "<p class=note>One person asked and released: the sender declared itself a team of one.</p>"
        if told.single_operator
        else ""
    )
    reports = "; ".join(map(escape, told.finished_reports)) or "none that is finished"
    return alone + _pairs(
        (
            ("Bundle", _code(told.id)),
            ("Case", f"{_code(told.case)} ({escape(told.case_state)})"),
            ("For", escape(told.recipient)),
            ("Recipient's key", _code(told.recipient_fingerprint)),
            ("Purpose", escape(told.purpose)),
            ("Asked by", f"{escape(told.asked_by)}, {_time(told.asked_at)}"),
            ("Released by", f"{escape(told.released_by)}, {_time(told.released_at)}"),
            (
                "Made",
                f"{_time(told.made_at)}, by {escape(told.software)} of workspace {_code(told.workspace)}",
            ),
            ("Reports to hotlines", reports),
            ("Signed with", _code(told.signer)),
        )
    )


def _items(told: Description) -> str:
    if not told.items:
        return "<h2>Files</h2><p>The case has no files. What was written is in context.json.</p>"
    return f"<h2>Files ({len(told.items)})</h2>" + "".join(map(_item, told.items))


def _item(item: ItemTold) -> str:
    where = (
        f"<code>{escape(item.name)}</code>" if item.name else f"not in this bundle: {escape(item.missing)}"
    )
    looked = "none was found" if item.provenance_examined else "nobody looked for any"
    rows = [
        ("Where", where),
        ("What", f"{escape(item.kind.replace('_', ' '))}, {escape(item.mime)}, {item.size:,} bytes"),
        *((name.upper(), _code(value)) for name, value in sorted(item.digests.items())),
        ("First seen", _time(item.first_seen_at)),
        ("Sealed", _time(item.sealed_at) if item.sealed_at else "never"),
        ("Matched", _lines(_match(item)) or "no list"),
        ("Evidence of origin", _lines(f"{p.grade}: {p.summary}" for p in item.provenance) or looked),
        ("Decided", _lines(map(_decision, item.decisions)) or "not yet"),
        ("Assessed", _lines(f"{axis}: {said}" for axis, said in item.assessment.items()) or "not on record"),
    ]
    return f"<h3>Item {_code(item.id)}</h3>" + _pairs(rows)


def _match(item: ItemTold) -> Iterable[str]:
    for match in item.matches:
        near = "equal" if match.distance == 0 else f"near, {match.distance} of 256 bits"
        kind = f", listed as {match.classification}" if match.classification else ""
        part = f", at {match.part}" if match.part else ""
        entry = f"{match.list} ({match.list_class}), entry {match.entry_key}{kind}"
        yield f"{entry}, by {match.signal}: {near}{part}"


def _decision(one: DecisionTold) -> str:
    by = f"the operator's written policy ({one.policy_rule})" if one.policy_rule else one.by
    return f"{one.outcome}, {_time(one.at)}, by {by}: {_BASES.get(one.basis, one.basis)}"


def _custody(steps: tuple[CustodyStep, ...]) -> str:
    rows = "".join(
        f"<tr><td>{one.row}</td><td>{_time(one.at)}</td><td>{escape(one.event)}</td>"
        f"<td>{_code(one.actor)}</td><td>{escape(one.about)}</td></tr>"
        for one in steps
    )
    return (
        "<h2>Chain of custody</h2><p>Every row of the sender's ledger about this case and its files. Row "
        "numbers are those of <code>ledger/rows.json</code>, which has a proof of each; people go by "
        "pseudonyms.</p>"
        "<table><thead><tr><th>Row</th><th>When</th><th>What</th><th>Who</th><th>About</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _proof(told: Description) -> str:
    return (
        "<h2>How to check this</h2><p>README.txt has the commands. The key that signed must have the "
        f"fingerprint {_code(told.signer)}, as the sender told you by another way than this file.</p>"
    )


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(f"<tr><th scope=row>{escape(name)}</th><td>{value}</td></tr>" for name, value in rows)
    return f"<table><tbody>{body}</tbody></table>"


def _lines(texts: Iterable[str]) -> str:
    return "<br>".join(map(escape, texts))


def _code(value: object) -> str:
    return f"<code>{escape(str(value))}</code>"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
