"""Threads of one process: searches beside compaction beside additions."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from types import ModuleType

from safelight.matching.kinds import PDQ
from safelight.matching.reader import HammingReader
from safelight.matching.writer import CompactWhen, IndexWriter

KEY = bytes(range(32))


def test_every_acknowledged_row_is_found_at_once_while_all_goes_on(
    tmp_path: Path, doubles: ModuleType
) -> None:
    source = doubles.RecordedSource()
    writer = IndexWriter(source, tmp_path, lambda: KEY, compact_when=CompactWhen(changes=60, share=0.0))
    writer.sync()
    reader = HammingReader(tmp_path, PDQ, lambda: KEY)
    missed: list[str] = []

    def work(seed: int) -> None:
        script = random.Random(seed)
        for _ in range(60):
            value = f"{script.getrandbits(256):064x}"
            row = source.add(value)
            writer.sync()
            reader.refresh()
            if row not in [hit.row for hit in reader.search(value, 0).hits]:
                missed.append(f"{row} was missed")
            source.withdraw(row)
            writer.sync()
            reader.refresh()
            if reader.search(value, 0).hits:
                missed.append(f"{row} was found though withdrawn")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missed == []
    writer.close()
    assert [p.name for p in (tmp_path / "pdq").iterdir() if p.name.endswith(".partial")] == []
