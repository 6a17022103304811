"""``python watch_for.py WORKSPACE KEY_FILE HASH``: says when a hash begins or ceases to be found."""

import json
import sys
import threading
import time
from pathlib import Path

from safelight.matching.kinds import PDQ
from safelight.matching.reader import HammingReader
from safelight.workspace import Workspace

closed = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), closed.set()), daemon=True).start()
with Workspace.open(Path(sys.argv[1]), key_file=Path(sys.argv[2])) as workspace:
    reader = HammingReader(workspace.index_directory, PDQ, workspace.index_key)
    before = bool(reader.search(sys.argv[3], 31).hits)
    print(json.dumps({"found": before}), flush=True)
    while not closed.wait(0.001):
        if (found := bool(reader.search(sys.argv[3], 31).hits)) != before:
            print(json.dumps({"found": found, "at": time.time()}), flush=True)
            before = found
