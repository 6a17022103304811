"""``safelight demo``: the main job on benign pictures, from listing to verdicts, in well under a minute."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Table

from safelight.cli.exit_codes import ExitCode
from safelight.cli.progress import ScanProgress
from safelight.cli.text import console
from safelight.errors import UsageError
from safelight.lists import HashListInfo
from safelight.lists.videos import stored_entries
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.scan.fingerprints import entries as model_entries
from safelight.scan.fingerprints import fingerprint
from safelight.scan.observe import now_utc, observe
from safelight.scan.results import Results, open_results
from safelight.scan.run import Run
from safelight.scan.scanner import Scanner
from safelight.scan.walk import Walk
from safelight.signals.pdq import PDQ
from safelight.types import ListClass, ListEntry, Outcome, ScanResult
from safelight.workspace import Workspace

if TYPE_CHECKING:
    from safelight.cli.demo_corpus import Corpus

LIST: Final = "demo-originals"

NEXT: Final = """What to do next:
  1. Bring in a hash list:     safelight lists import FILE --name NAME --class csam
  2. Scan your files with it:  safelight scan FOLDER --jsonl findings.jsonl
  3. See what protects you:    safelight doctor, then docs/operator/scanning.md"""


@click.command()
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Make the pictures here, in a new folder, and leave them.  [default: a temporary folder]",
)
@click.option("--keep", is_flag=True, help="Leave the temporary folder.")
@click.option("--console", "with_console", is_flag=True, help="Then serve the console, with cases waiting.")
@click.option(
    "--port", type=click.IntRange(1, 65_535), help="The console's port.  [default: 8400 or the next]"
)
@click.option("--stop-when-ready", is_flag=True, help="Stop the console as soon as everything is there.")
def demo(
    *, directory: Path | None, keep: bool, with_console: bool, port: int | None, stop_when_ready: bool
) -> None:
    """See it work: list some photographs, scan altered copies of them among other files.

    The photographs show things, animals and places; nobody is in them. Nothing of yours is read or changed.
    """
    if find_spec("skimage") is None or find_spec("PIL") is None:
        raise UsageError("the demonstration needs its photographs: pip install 'safelight[demo]'")
    out = console()
    with _folder(directory, keep=keep) as folder:
        shown = _demonstrate(out, folder)
        if shown and with_console:
            from safelight.cli.demo_console import show_console  # noqa: PLC0415 - the server is an extra

            show_console(folder, port, stop_when_ready=stop_when_ready)
        if directory or keep:
            out.print(f"\nThe pictures, the results (results.jsonl) and the workspace are in {folder}")
    if not with_console:
        out.print(f"\n{NEXT}")
    sys.exit(ExitCode.OK if shown else ExitCode.FAILED)


@contextmanager
def _folder(directory: Path | None, *, keep: bool) -> Iterator[Path]:
    if directory:
        try:
            directory.mkdir(parents=True)
        except FileExistsError:
            raise UsageError(f"{directory} exists; give a folder that does not") from None
        yield directory
    elif keep:
        yield Path(tempfile.mkdtemp(prefix="safelight-demo-"))
    else:
        with tempfile.TemporaryDirectory(prefix="safelight-demo-") as temporary:
            yield Path(temporary)


def _demonstrate(out: Console, folder: Path) -> bool:
    from safelight.cli.demo_corpus import make_corpus  # noqa: PLC0415 - Pillow, NumPy and scikit-image

    began = time.monotonic()
    corpus = make_corpus(folder)
    out.print(f"made {corpus.files:,} files in {time.monotonic() - began:.1f} s")
    key_file = folder / "key" / "root-key.toml"
    key_file.parent.mkdir(mode=0o700)
    with Workspace.create(folder / "workspace", key_file=key_file) as workspace:
        listed = _list_originals(workspace, corpus)
        out.print(
            f"listed {listed} hashes of {len(corpus.originals)} originals and a model in {LIST!r}, "
            "a list of class test"
        )
        seen = _Seen()
        began = time.monotonic()
        _scan(workspace, corpus.folder, folder / "results.jsonl", seen)
        seconds = time.monotonic() - began
    out.print(_table(seen))
    out.print("match: the very bytes that are listed. hold: alike, for a person to look at.")
    if seen.missed():
        out.print(
            f"{seen.missed()} copies lie further off than 31 bits: likeness finds most copies, not all."
        )
    rate = seen.files / seconds
    out.print(
        f"scanned {seen.files:,} files in {seconds:.1f} s ({rate:,.0f} a second), each in its own sandbox"
    )
    return bool(seen.kinds)


def _list_originals(workspace: Workspace, corpus: Corpus) -> int:
    """List every hash of the originals, as a hotline would."""
    workspace.store.create(HashListInfo(LIST, ListClass.TEST, source="safelight demo"))
    entries: list[ListEntry] = []
    with Sandbox() as sandbox:
        for name, path in corpus.originals.items():
            signals = observe(path, name, sandbox, Limits(), now_utc()).signals
            for signal in signals:
                entries += stored_entries(ListEntry(LIST, name, signal))
        found = fingerprint([corpus.model], sandbox)
        entries += model_entries(found, LIST, "a-model", workspace.store)
    return workspace.store.add(entries).added


@dataclass(slots=True)
class _Seen:
    """What was seen, by kind of file (the name of its folder)."""

    files: int = 0
    kinds: dict[str, Counter[Outcome]] = field(default_factory=dict)
    distances: dict[str, list[int]] = field(default_factory=dict)

    def add(self, result: ScanResult) -> None:
        kind = Path(result.observation.name).parent.name
        self.files += 1
        self.kinds.setdefault(kind, Counter())[result.verdict.outcome] += 1
        matches = result.observation.matches
        near = [match.distance for match in matches if match.signal.type == PDQ.name]
        self.distances.setdefault(kind, []).extend([min(near)] if near else [])

    def missed(self) -> int:
        """Copies that are clear, among kinds of which something was found."""
        return sum(counts[Outcome.CLEAR] for kind, counts in self.kinds.items() if self.distances[kind])


def _scan(workspace: Workspace, folder: Path, results: Path, seen: _Seen) -> None:
    jobs = len(os.sched_getaffinity(0))
    with Scanner(workspace=workspace) as scanner, open_results(results, resumed=False) as lines:
        run = Run(scanner, Results(lines), jobs)
        with ScanProgress(console(stderr=True), run.tally, Walk([str(folder)])) as progress:

            def on_result(result: ScanResult) -> None:
                seen.add(result)
                progress.advance()

            run.on_result = on_result
            run.over(Walk([str(folder)]))


def _table(seen: _Seen) -> Table:
    table = Table("files", "number", *Outcome, "distance of 256", box=None, pad_edge=False, title="")
    for column in table.columns[1:]:
        column.justify = "right"
    for kind in sorted(
        seen.kinds, key=lambda kind: (not seen.distances[kind], -seen.kinds[kind][Outcome.MATCH])
    ):
        counts, distances = seen.kinds[kind], seen.distances[kind]
        spread = f"{min(distances)} to {max(distances)}" if distances else ""
        cells = (f"{counts[outcome]:,}" if counts[outcome] else "" for outcome in Outcome)
        table.add_row(kind, f"{counts.total():,}", *cells, spread)
    return table
