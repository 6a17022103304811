"""``python follow.py WORKSPACE KEY_FILE``: the dedicated index writer, until standard input closes."""

import json
import sys
import threading
from pathlib import Path

from safelight.matching.writer import IndexWriter
from safelight.workspace import Workspace

with (
    Workspace.open(Path(sys.argv[1]), key_file=Path(sys.argv[2])) as workspace,
    IndexWriter(workspace.store, workspace.index_directory, workspace.index_key) as writer,
):
    writer.sync()
    print(json.dumps({"following": True}), flush=True)
    stop = threading.Event()
    thread = threading.Thread(target=writer.follow, args=(stop,))
    thread.start()
    sys.stdin.read()
    stop.set()
    thread.join()
