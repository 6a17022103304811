"""Draws what a command prints as a picture for the README: ``terminal_picture.py OUT.svg COMMAND…``."""

from __future__ import annotations

import os
import pty
import re
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 96


def printed(command: list[str]) -> str:
    """Everything that a command writes to a terminal of our width, colours included."""
    pieces: list[bytes] = []

    def keep(fd: int) -> bytes:
        piece = os.read(fd, 65_536)
        pieces.append(piece)
        return piece

    os.environ |= {"COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    pty.spawn(command, keep)
    # What a progress bar drew over itself is not part of the picture.
    lines = b"".join(pieces).decode(errors="replace").replace("\r\n", "\n").split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1] for line in lines)


def main(out: Path, command: list[str]) -> None:
    """Run the command and write the picture."""
    console = Console(record=True, width=WIDTH, file=StringIO())
    console.print(Text.from_ansi("$ " + " ".join(command) + "\n" + printed(command)))
    # Rich names a font on somebody else's server; whoever reads the README need not ask it.
    svg = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="Safelight"), flags=re.DOTALL)
    out.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
