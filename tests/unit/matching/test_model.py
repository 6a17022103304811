"""Whatever happens in whatever order, an index answers as brute force over the live rows does."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from safelight.matching.kinds import INDEXED, PDQ
from safelight.matching.reader import ExactReader, HammingReader
from safelight.matching.writer import CompactWhen, IndexWriter

KEY = bytes(range(32))
MD5 = INDEXED["md5"]


@pytest.mark.timeout(600)
def test_any_interleaving_answers_as_brute_force_does(doubles) -> None:
    centers = [random.Random(n).getrandbits(256) for n in range(4)]

    class Index(RuleBasedStateMachine):
        live = Bundle("live")
        hashes = st.builds(
            doubles.near, st.sampled_from(centers), st.sets(st.integers(0, 255), max_size=70).map(sorted)
        )

        def __init__(self) -> None:
            super().__init__()
            self.temporary = tempfile.TemporaryDirectory()
            self.directory = Path(self.temporary.name)
            self.source = doubles.RecordedSource()
            self.writer = self.new_writer()
            self.writer.sync()
            self.reader = HammingReader(self.directory, PDQ, lambda: KEY)
            self.digests = ExactReader(self.directory, MD5, lambda: KEY)

        def new_writer(self) -> IndexWriter:
            when = CompactWhen(changes=40, share=0.5)
            return IndexWriter(self.source, self.directory, lambda: KEY, (PDQ, MD5), compact_when=when)

        @rule(target=live, value=hashes)
        def add(self, value: str) -> int:
            return self.source.add(value)

        @rule(target=live, value=st.integers(0, 5))
        def add_digest(self, value: int) -> int:
            return self.source.add(f"{value:032x}", "md5")

        @rule(seed=st.integers(0, 2**32), count=st.integers(1, 120))
        def add_many(self, seed: int, count: int) -> None:
            self.source.grow(random.Random(seed), self.source.stamp().sequence + count, centers=4)

        @rule(row=consumes(live))
        def withdraw(self, row: int) -> None:
            if row in self.source.rows("pdq") or row in self.source.rows("md5"):
                self.source.withdraw(row)

        @rule()
        def sync(self) -> None:
            assert self.writer.sync() == self.source.stamp()

        @rule()
        def compact(self) -> None:
            self.writer.compact()

        @rule()
        def reopen_writer(self) -> None:
            self.writer.close()
            self.writer = self.new_writer()

        @rule()
        def reopen_readers(self) -> None:
            self.reader.close()
            self.reader = HammingReader(self.directory, PDQ, lambda: KEY)
            self.digests = ExactReader(self.directory, MD5, lambda: KEY)

        @rule()
        def let_compaction_finish(self) -> None:
            self.writer.wait_for_compaction()

        @rule(back=st.integers(0, 30), new_epoch=st.booleans())
        def restore_a_backup(self, back: int, new_epoch: bool) -> None:
            self.writer.sync()
            self.source.cut_back(max(0, self.source.stamp().sequence - back))
            if new_epoch:
                self.source.epoch += "x"
            self.writer.sync()

        @rule(query=hashes, radius=st.integers(0, 64), cap=st.integers(1, 20))
        def search(self, query: str, radius: int, cap: int) -> None:
            self.writer.sync()
            at = self.reader.refresh()
            assert at.sequence == self.source.stamp().sequence
            wanted = doubles.brute_force(self.source.rows(), query, radius)
            got = self.reader.search(query, radius, cap)
            assert [(hit.distance, hit.row) for hit in got.hits] == wanted[:cap]
            assert got.capped == (len(wanted) > cap)

        @rule(value=st.integers(0, 6))
        def look_up(self, value: int) -> None:
            self.writer.sync()
            self.digests.refresh()
            wanted = [r for r, v in sorted(self.source.rows("md5").items()) if v == f"{value:032x}"]
            assert list(self.digests.find_many([f"{value:032x}"])[0]) == wanted

        @invariant()
        def nothing_older_than_the_stamp_is_seen(self) -> None:
            at = self.reader.refresh()
            if at.epoch != self.source.epoch or at.sequence > self.source.stamp().sequence:
                return  # restored, and not yet noticed
            seen = {hit.row for hit in self.reader.search("0" * 64, 256, cap=10**6).hits}
            then, now = set(self.source.rows(at=at.sequence)), set(self.source.rows())
            # A snapshot is made of the rows of its time, which may be later than the log is.
            assert then & now <= seen
            assert all(row in then or row > at.sequence for row in seen)

        def teardown(self) -> None:
            self.reader.close()
            self.writer.close()
            self.temporary.cleanup()

    run_state_machine_as_test(
        Index,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
