"""``python compact_often.py DIRECTORY``: grows an index and compacts it again and again."""

import json
import random
import sys
from pathlib import Path

from recorded_source import RecordedSource

from safelight.matching.writer import IndexWriter

source, script = RecordedSource(), random.Random(1)
source.kept.add(source.add("5" * 64))
with IndexWriter(source, Path(sys.argv[1]), lambda: bytes(range(32))) as writer:
    writer.sync()
    print(json.dumps({"built": True}), flush=True)
    compactions = 0
    while compactions < 20 or source.stamp().sequence < 3000:
        source.grow(script, source.stamp().sequence + 75)
        writer.compact()
        compactions += 1
    print(json.dumps({"compactions": compactions}), flush=True)
    sys.stdin.read()
