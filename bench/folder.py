"""Times a folder scan from end to end against threatexchange's command line: files a second, and memory.

Both commands are run as their users run them, in turn, and what they found is compared. Safelight also reads
three digests, hashes the eight dihedral variants, decodes each file in its own sandbox and writes a record of
what it saw; threatexchange hashes one variant in its own process.
"""

from __future__ import annotations

import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from hashing_pictures import photographs

COPIES = 60
"""Recompressed copies of each photograph, each of another quality."""

ROUNDS = 3
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Run:
    """One whole command: seconds by the clock and of the processor, the most memory of its processes."""

    wall: float
    cpu: float
    peak_mib: float
    output: str


def resident_kib(root: int) -> int:
    """Memory of a process and its descendants now; pages that they share count for each."""
    parents, resident = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:
            continue  # it has ended since
        pid = int(fields["Pid"])
        parents[pid] = int(fields["PPid"])
        resident[pid] = int(fields.get("VmRSS", "0 kB").split()[0])
    family = {root}
    for _ in range(4):  # a command, its sandbox parents, their children
        family |= {pid for pid, parent in parents.items() if parent in family}
    return sum(resident.get(pid, 0) for pid in family)


def run(command: list[str], home: Path) -> Run:
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.DEVNULL, env=os.environ | {"HOME": str(home)}
        )
        peak = 0
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            peak = max(peak, resident_kib(process.pid))
            time.sleep(0.05)
        wall = time.monotonic() - start
        out.seek(0)
        return Run(wall, ended[2].ru_utime + ended[2].ru_stime, peak / 1024, out.read())


def make_folder(folder: Path) -> list[Path]:
    """Photographs at 1280x960, recompressed."""
    files = []
    for photo in photographs("1280"):
        for copy in range(COPIES):
            out = io.BytesIO()
            Image.fromarray(photo.pixels).save(out, "JPEG", quality=95 - copy)
            files.append(folder / f"{photo.name}-{copy}.jpg")
            files[-1].write_bytes(out.getvalue())
    return files


def listed(files: list[Path], home: Path) -> Path:
    """A list of the first copy of each photograph, in the one form that both read."""
    firsts = [str(file) for file in files if file.stem.endswith("-0")]
    told = run([str(BIN / "safelight"), "hash", *firsts], home).output
    path = home / "list.txt"
    path.write_text("".join(f"{line}\n" for line in told.splitlines() if line.startswith("pdq ")))
    return path


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        folder = home / "pictures"
        folder.mkdir()
        files = make_folder(folder)
        hashes = listed(files, home)
        tx = str(BIN / "threatexchange")
        run(
            [tx, "config", "collab", "edit", "local_file", "--create", "--filename", str(hashes), "bench"],
            home,
        )
        run([tx, "fetch"], home)
        peer_command = [tx, "match", "-S", "pdq", "photo", *map(str, files)]
        our_command = [str(BIN / "safelight"), "scan", str(folder), "--list", f"test:{hashes}", "--jobs", "2"]
        peers, ours = [], []
        for _ in range(ROUNDS):
            peers.append(run(peer_command, home))
            ours.append(run([*our_command, "--jsonl", "-"], home))
        found = {
            "threatexchange": len(re.findall(r"^pdq .*bench", peers[0].output, re.MULTILINE)),
            "safelight": sum(json.loads(line)["matches"] != [] for line in ours[0].output.splitlines()),
        }
        assert found["safelight"] == found["threatexchange"], found
        print(f"{len(files)} JPEGs of 1280x960; with a match: {found}")
        for name, runs in (("threatexchange", peers), ("safelight", ours)):
            wall = statistics.median(r.wall for r in runs)
            cpu = statistics.median(r.cpu for r in runs)
            print(
                f"{name:15}{len(files) / wall:8.1f} files/s   {cpu:7.2f} s CPU"
                f"   {max(r.peak_mib for r in runs):7.0f} MiB in all its processes"
            )
        ratio = statistics.median(p.wall / o.wall for p, o in zip(peers, ours, strict=True))
        print(f"RATIO folder_scan {ratio:.2f}")
        print(f"FIGURE folder_files_per_s {len(files) / statistics.median(r.wall for r in ours):.0f}")
        print(f"FIGURE folder_peak_mib {max(r.peak_mib for r in ours):.0f}")


if __name__ == "__main__":
    main()
