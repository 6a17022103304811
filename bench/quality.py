"""Lists benign pictures, videos, sounds and models, and counts which copies are found and what else is.

``make bench-quality`` takes some minutes. Everything goes the whole way: decoded in the sandbox, searched
through the index, as a scan does it. ``--write FILE`` puts the tables between the marks in a page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / "tests" / "support")]
from quality_media import MEDIA, Medium
from safelight.lists import HashListInfo, MemoryListStore
from safelight.lists.videos import stored_entries
from safelight.matching.matcher import Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.scan.observe import now_utc, observe
from safelight.types import ListClass, ListEntry, Match, Signal

BEGIN, END = "<!-- made by make bench-quality -->\n", "<!-- end -->\n"


@dataclass
class Row:
    """One line of a table: how many were tried, how many found, and how far the found ones lay."""

    tried: int = 0
    found: int = 0
    wrong: int = 0
    distances: list[int] = field(default_factory=list)

    def take(self, matches: list[Match], key: str | None) -> None:
        """Count one file, which is a copy of the entry of that key, or of none."""
        own = [match.distance for match in matches if match.entry_key == key]
        self.tried += 1
        self.found += bool(own)
        self.wrong += any(match.entry_key != key for match in matches)
        self.distances += [min(own)] if own else []


class Trial:
    """One medium's list, and what is found in it."""

    def __init__(self, medium: Medium, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._types = medium.types
        self._store = MemoryListStore()
        self._store.create(HashListInfo("quality", ListClass.TEST))
        for key, content in medium.originals():
            if medium.entries:
                self._store.add(medium.entries(content, key, sandbox, self._store))
                continue
            for signal in self._signals(content):
                self._store.add(stored_entries(ListEntry("quality", key, signal)))
        self._matcher = Matcher(self._store, MemoryIndexes(self._store))

    def _signals(self, content: bytes) -> list[Signal]:
        seen = observe(content, "", self._sandbox, Limits(), now_utc())
        return [signal for signal in seen.signals if signal.type in self._types]

    def matches(self, content: bytes) -> list[Match]:
        """What a file matches by likeness."""
        return list(self._matcher.match(self._signals(content)).matches)


def tables(sandbox: Sandbox) -> Iterator[str]:
    """The lines of both tables in Markdown."""
    copies = [
        "| medium | copies | tried | found | another found | furthest, of 256 bits |",
        "|---|---|---|---|---|---|",
    ]
    others = ["| medium | compared | files | against | found |", "|---|---|---|---|---|"]
    for medium in MEDIA:
        trial = Trial(medium, sandbox)
        rows: dict[str, Row] = {}
        for what, key, content in medium.copies():
            rows.setdefault(what, Row()).take(trial.matches(content), key)
        for what, row in rows.items():
            furthest = max(row.distances, default="-") if medium.measured else "-"
            copies.append(
                f"| {medium.name} | {what} | {row.tried} | {row.found} | {row.wrong} | {furthest} |"
            )
        row = Row()
        for content in medium.others():
            row.take(trial.matches(content), None)
        listed = sum(1 for _ in medium.originals())
        others.append(f"| {medium.name} | {medium.compared} | {row.tried} | {listed} listed | {row.wrong} |")
        print(copies[-1], others[-1], sep="\n", file=sys.stderr)
    yield from ["Copies of listed files:", "", *copies, "", "Other files:", "", *others, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables into this page")
    options = parser.parse_args()
    with Sandbox(limits=Limits()) as sandbox:
        text = "\n".join(tables(sandbox)) + "\n"
    print(text)
    if options.write:
        page = options.write.read_text()
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        options.write.write_text(before + BEGIN + "\n" + text + END + after)


if __name__ == "__main__":
    main()
