"""``python search_often.py DIRECTORY``: looks for the kept row, all the time, until standard input closes."""

import json
import sys
import threading
from pathlib import Path

from safelight.matching.kinds import PDQ
from safelight.matching.reader import HammingReader

closed = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), closed.set()), daemon=True).start()
reader = HammingReader(Path(sys.argv[1]), PDQ, lambda: bytes(range(32)))
searches = wrong = 0
snapshots = set()
print(json.dumps({"searching": True}), flush=True)
while not closed.is_set():
    reader.refresh()
    snapshots.add(id(reader.live))
    searches += 1
    wrong += [hit.row for hit in reader.search("5" * 64, 0).hits] != [1]
print(json.dumps({"searches": searches, "wrong": wrong, "snapshots": len(snapshots)}), flush=True)
