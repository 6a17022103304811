"""Kills an index writer at random moments and holds every state it leaves to what was acknowledged.

``python crash_trial.py DIRECTORY KILLS SEED`` prints one JSON object. The source grows by a script that
parent and child both follow, so that the parent knows the truth at every sequence number.
"""

from __future__ import annotations

import json
import os
import random
import signal
import struct
import sys
import time
from pathlib import Path
from typing import NoReturn

from recorded_source import RecordedSource, brute_force

from safelight.errors import IndexBehind
from safelight.matching.kinds import PDQ
from safelight.matching.reader import HammingReader
from safelight.matching.writer import CompactWhen, IndexWriter

KEY = bytes(range(32))
QUERIES = [f"{random.Random(n).getrandbits(256):064x}" for n in range(8)]


def write_until_killed(directory: Path, source: RecordedSource, script: random.Random, acks: int) -> NoReturn:
    pace = random.Random(os.getpid())
    when = CompactWhen(changes=pace.choice([20, 60, 10**9]), share=0.0)
    writer = IndexWriter(source, directory, lambda: KEY, compact_when=when, wait=5.0)
    while True:
        source.grow(script, source.stamp().sequence + pace.randrange(1, 40))
        os.write(acks, struct.pack("<Q", writer.sync().sequence))
        if pace.random() < 0.1:
            writer.compact()


def read_acks(acks: int, at_most: int) -> int:
    """The newest of the next acknowledgements, 0 if there is none."""
    newest = 0
    for _ in range(at_most):
        piece = os.read(acks, 8)
        if len(piece) < 8:
            break
        (newest,) = struct.unpack("<Q", piece)
    return newest


def wrong_answers(directory: Path, truth: RecordedSource, least: int, state: dict[str, int]) -> int:
    try:
        reader = HammingReader(directory, PDQ, lambda: KEY)
    except IndexBehind:
        return int(least > 0)
    held = reader.stamp().sequence
    state["lost"] += held < least
    state["held"] = held
    then, now = truth.rows(at=held), truth.rows()
    later = {row: value for row, value in truth.ever().items() if row > held}
    wrong = 0
    for query in QUERIES:
        for radius in (31, 64, 256):
            seen = [(hit.distance, hit.row) for hit in reader.search(query, radius, cap=10**6).hits]
            # A snapshot may be later than the log: rows withdrawn or added since may be gone or there.
            sure = brute_force({row: v for row, v in then.items() if row in now}, query, radius)
            possible = set(brute_force({**later, **then}, query, radius))
            wrong += not (set(sure) <= set(seen) <= possible) or seen != sorted(set(seen))
    reader.close()
    return wrong


def main(directory: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    truth, script = RecordedSource(), random.Random(seed)
    state = {"kills": 0, "lost": 0, "wrong": 0, "held": 0, "snapshots": 0}
    newest = 0
    while state["kills"] < kills:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            try:
                write_until_killed(directory, truth, script, writing)
            finally:
                os._exit(1)
        os.close(writing)
        newest = max(newest, read_acks(reading, at_most=chance.choice([0, 1, 1, 2, 4, 8, 16])))
        time.sleep(chance.uniform(0.0, 0.03))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), "the writer ended by itself"
        state["kills"] += 1
        newest = max(newest, read_acks(reading, at_most=10**6))
        os.close(reading)
        # What the writer may have had of the script beyond its last acknowledgement, the parent now has too.
        truth.grow(script, max(newest, truth.stamp().sequence) + 200)
        state["wrong"] += wrong_answers(directory, truth, newest, state)
        numbers = [int(p.stem.split("-")[1]) for p in (directory / "pdq").glob("snapshot-*.slx")]
        state["snapshots"] = max([state["snapshots"], *numbers])
        if state["held"] > 3000:  # begin again small: many short histories break more than one long one
            truth, script = (
                RecordedSource(epoch=f"epoch-{state['kills']}"),
                random.Random(seed + state["kills"]),
            )
            newest = 0
            with IndexWriter(truth, directory, lambda: KEY) as writer:
                writer.sync()
    print(json.dumps(state))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
