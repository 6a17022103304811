"""What every list store promises. Subclass it and give a ``store`` fixture with an empty store."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterable
from dataclasses import replace

import pytest

from safelight.errors import ListExists, NoSuchList, UsageError
from safelight.lists import Added, ChangeKind, HashListInfo, ListStore
from safelight.types import ListClass, ListEntry, Signal


def pdq(number: int) -> str:
    """The n-th of endlessly many well-mixed 256-bit values."""
    return hashlib.sha256(f"pdq {number}".encode()).hexdigest()


def entry(
    number: int, list_: str = "a", *, key: str | None = None, classification: str | None = None
) -> ListEntry:
    return ListEntry(list_, key or f"key {number}", Signal("pdq", pdq(number)), classification)


def entries(numbers: Iterable[int], list_: str = "a") -> list[ListEntry]:
    return [entry(number, list_) for number in numbers]


def found(store: ListStore, *numbers: int) -> list[list[tuple[str, str]]]:
    """(list, key) of what is found for each number."""
    results = store.find([Signal("pdq", pdq(number)) for number in numbers])
    return [[(stored.list, stored.key) for stored in result] for result in results]


def replayed(store: ListStore, after: int = 0, known: dict[int, str] | None = None) -> dict[int, str]:
    """Rows and values as a reader has them who follows the changes after a sequence number."""
    rows = dict(known or {})
    while changes := store.changes(after, limit=7):
        for change in changes:
            assert change.sequence > after
            after = change.sequence
            if change.kind is ChangeKind.ADD:
                assert change.value is not None
                rows[change.row] = change.value
            else:
                assert change.value is None
                rows.pop(change.row, None)
    return rows


class ListStoreConformance:
    """The promises, one a test."""

    @pytest.fixture
    def store(self) -> ListStore:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _lists(self, store: ListStore) -> None:
        store.create(HashListInfo("a", ListClass.TEST, distance=20, shadow=True, source="the test"))
        store.create(HashListInfo("b", ListClass.CSAM))

    # Lists

    def test_a_list_is_kept_as_it_was_created(self, store: ListStore) -> None:
        assert store.get("a") == HashListInfo("a", ListClass.TEST, 20, True, True, "the test", 0)
        assert [info.name for info in store.lists()] == ["a", "b"]

    def test_a_name_is_taken_once(self, store: ListStore) -> None:
        with pytest.raises(ListExists, match="'a' exists already"):
            store.create(HashListInfo("a", ListClass.CSAM))
        assert store.get("a").list_class is ListClass.TEST

    def test_an_unknown_list_is_an_error_that_names_those_there_are(self, store: ListStore) -> None:
        for ask in (
            lambda: store.get("x"),
            lambda: store.tally("x"),
            lambda: store.change("x", distance=1),
            lambda: store.remove("x"),
            lambda: store.withdraw("x", ["key"]),
            lambda: store.add([entry(1, "x")]),
        ):
            with pytest.raises(NoSuchList, match=r"'x'.*a, b"):
                ask()

    def test_settings_change_one_by_one(self, store: ListStore) -> None:
        assert store.change("a", distance=0) == replace(store.get("a"), distance=0)
        assert store.change("a", shadow=False).shadow is False
        assert store.change("a", enabled=False).enabled is False
        assert store.get("a") == HashListInfo("a", ListClass.TEST, 0, False, False, "the test", 0)

    @pytest.mark.parametrize("distance", [-1, 65, 256])
    def test_a_distance_that_would_match_anything_is_refused(self, store: ListStore, distance: int) -> None:
        with pytest.raises(UsageError, match="0 to 64"):
            store.change("a", distance=distance)
        assert store.get("a").distance == 20

    def test_settings_take_no_new_sequence(self, store: ListStore) -> None:
        store.add(entries(range(3)))
        before = store.stamp()
        store.change("a", distance=3, enabled=False)
        assert store.stamp() == before

    def test_entries_are_counted_by_list_and_type(self, store: ListStore) -> None:
        store.add([*entries(range(5)), ListEntry("a", "key 1", Signal("md5", "ab" * 16)), entry(9, "b")])
        assert store.tally("a") == {"md5": 1, "pdq": 5}
        assert (store.get("a").entries, store.get("b").entries) == (6, 1)
        store.withdraw("a", ["key 1"])
        assert store.tally("a") == {"pdq": 4}

    # Entries

    def test_what_was_added_is_found(self, store: ListStore) -> None:
        assert store.add(entries(range(10))) == Added(added=10)
        assert found(store, 3, 99, 4) == [[("a", "key 3")], [], [("a", "key 4")]]

    def test_one_value_may_be_in_several_lists_and_under_several_keys(self, store: ListStore) -> None:
        store.add([entry(1), entry(1, "b"), entry(1, key="other")])
        assert found(store, 1) == [[("a", "key 1"), ("b", "key 1"), ("a", "other")]]

    def test_a_value_of_another_type_is_not_found(self, store: ListStore) -> None:
        store.add(entries([1]))
        assert store.find([Signal("sha256", pdq(1))]) == ((),)

    def test_upper_case_is_the_same_value(self, store: ListStore) -> None:
        upper = ListEntry("a", "key 1", Signal("pdq", pdq(1).upper()))
        assert store.add([upper, entry(1)]) == Added(added=1, known=1)
        assert dict(store.live("pdq")).popitem()[1] == pdq(1)
        assert len(store.find([Signal("pdq", pdq(1).upper())])[0]) == 1

    def test_adding_again_adds_nothing(self, store: ListStore) -> None:
        store.add(entries(range(5)))
        stamp = store.stamp()
        assert store.add(entries(range(5))) == Added(known=5)
        assert store.add([entry(7), entry(7)]) == Added(added=1, known=1)
        assert store.stamp().sequence > stamp.sequence
        assert store.get("a").entries == 6

    def test_another_classification_updates_the_row_it_has(self, store: ListStore) -> None:
        store.add([entry(1)])
        ((before,),) = store.find([entry(1).signal])
        flagged = replace(entry(1, classification="A1"), flags=frozenset({"x", "y"}))
        assert store.add([flagged]) == Added(updated=1)
        assert store.add([flagged]) == Added(known=1)
        ((after,),) = store.find([entry(1).signal])
        assert after == replace(before, classification="A1", flags=frozenset({"x", "y"}))
        assert store.add([entry(2), entry(2, classification="B")]) == Added(added=1, updated=1)
        assert store.find([entry(2).signal])[0][0].classification == "B"

    def test_one_key_holds_several_signals_of_one_file(self, store: ListStore) -> None:
        digest = ListEntry("a", "key 1", Signal("md5", "ab" * 16))
        store.add([entry(1), digest])
        assert store.find([digest.signal])[0][0].key == "key 1"
        assert store.withdraw("a", ["key 1"]) == 2

    @pytest.mark.parametrize("value", ["", "ab", "zz" * 32, "ab" * 33, "ab cd" + "e" * 59])
    def test_a_malformed_value_is_refused_and_not_repeated(self, store: ListStore, value: str) -> None:
        with pytest.raises(UsageError) as caught:
            store.add([ListEntry("a", "key", Signal("pdq", value))])
        assert value == "" or value not in str(caught.value)
        assert store.get("a").entries == 0

    @pytest.mark.parametrize("items", [11, 4096])
    def test_the_fingerprint_of_a_sound_is_kept_whatever_its_length(
        self, store: ListStore, items: int
    ) -> None:
        value = random.Random(items).randbytes(4 * items).hex()
        sound = Signal("chromaprint", value)
        store.add([ListEntry("a", "sound", replace(sound, value=value.upper()))])
        assert [kept for _, kept in store.live("chromaprint")] == [value]
        assert [change.value for change in store.changes(0)] == [value]
        [[stored]] = store.find([sound])
        assert (stored.key, stored.signal_type) == ("sound", "chromaprint")
        assert store.tally("a") == {"chromaprint": 1}
        with pytest.raises(UsageError, match="silence, a hum or a steady noise"):
            store.add([ListEntry("a", "still", replace(sound, value=value[:8] * items))])

    @pytest.mark.parametrize("value", ["00" * 32, "ff" * 32])
    def test_a_value_that_would_match_anything_is_refused(self, store: ListStore, value: str) -> None:
        with pytest.raises(UsageError, match="placeholder"):
            store.add([ListEntry("a", "key", Signal("pdq", value))])

    @pytest.mark.parametrize("key", ["", "a\nb", "\x1b[2J", "x" * 513])
    def test_a_key_that_cannot_be_shown_is_refused(self, store: ListStore, key: str) -> None:
        with pytest.raises(UsageError, match="key"):
            store.add([ListEntry("a", key, Signal("pdq", pdq(1)))])

    def test_an_unknown_signal_type_is_refused(self, store: ListStore) -> None:
        with pytest.raises(UsageError, match="md5, pdq"):
            store.add([ListEntry("a", "key", Signal("crc32", "00000001"))])

    def test_derived_keys_are_stable_opaque_and_independent_of_order(self, store: ListStore) -> None:
        one, two = Signal("pdq", pdq(1)), Signal("md5", "ab" * 16)
        key = store.derive_key([one, two])
        assert key == store.derive_key([two, Signal("pdq", pdq(1).upper())])
        assert len({key, store.derive_key([one]), store.derive_key([two])}) == 3
        assert pdq(1)[:8] not in key
        assert hashlib.sha256(bytes.fromhex(pdq(1))).hexdigest()[:8] not in key

    # Withdrawing

    def test_a_withdrawn_entry_is_gone_everywhere(self, store: ListStore) -> None:
        store.add(entries(range(5)))
        ((stored,),) = store.find([entry(2).signal])
        assert store.withdraw("a", ["key 2", "key 2", "no such key"]) == 1
        assert found(store, 2) == [[]]
        assert store.resolve([stored.row]) == {}
        assert stored.row not in dict(store.live("pdq"))
        assert store.withdraw("a", ["key 2"]) == 0

    def test_withdrawing_leaves_other_lists_alone(self, store: ListStore) -> None:
        store.add([entry(1), entry(1, "b")])
        store.withdraw("a", ["key 1"])
        assert found(store, 1) == [[("b", "key 1")]]

    def test_an_entry_added_again_after_withdrawal_is_a_new_row(self, store: ListStore) -> None:
        store.add([entry(1)])
        ((before,),) = store.find([entry(1).signal])
        store.withdraw("a", ["key 1"])
        assert store.add([entry(1)]) == Added(added=1)
        ((after,),) = store.find([entry(1).signal])
        assert after.row > before.row
        assert store.resolve([before.row, after.row]) == {after.row: after}

    def test_a_removed_list_is_gone_with_its_entries(self, store: ListStore) -> None:
        store.add([*entries(range(5)), entry(1, "b")])
        assert store.remove("a") == 5
        assert [info.name for info in store.lists()] == ["b"]
        assert found(store, 1, 2) == [[("b", "key 1")], []]
        assert [value for _, value in store.live("pdq")] == [pdq(1)]
        store.create(HashListInfo("a", ListClass.TEST))
        assert store.get("a").entries == 0

    def test_an_empty_list_can_be_removed(self, store: ListStore) -> None:
        assert store.remove("a") == 0
        with pytest.raises(NoSuchList):
            store.get("a")

    def test_a_disabled_list_is_kept_and_not_found(self, store: ListStore) -> None:
        store.add([entry(1), entry(1, "b")])
        rows = dict(store.live("pdq"))
        store.change("a", enabled=False)
        assert found(store, 1) == [[("b", "key 1")]]
        assert len(store.resolve(rows)) == 1
        assert dict(store.live("pdq")) == rows
        store.change("a", enabled=True)
        assert len(store.resolve(rows)) == 2

    # Following the store

    def test_sequence_numbers_only_grow(self, store: ListStore) -> None:
        stamps = [store.stamp()]
        for act in (
            lambda: store.add(entries(range(3))),
            lambda: store.withdraw("a", ["key 1"]),
            lambda: store.add(entries(range(3))),
            lambda: store.remove("a"),
        ):
            act()
            stamps.append(store.stamp())
        sequences = [stamp.sequence for stamp in stamps]
        assert sequences == sorted({*sequences})
        assert len({(stamp.workspace, stamp.epoch) for stamp in stamps}) == 1

    def test_no_change_lies_beyond_the_stamp(self, store: ListStore) -> None:
        store.add(entries(range(3)))
        store.withdraw("a", ["key 1"])
        assert store.changes(store.stamp().sequence) == []
        assert store.changes(0)[-1].sequence == store.stamp().sequence

    def test_changes_tell_row_type_and_value(self, store: ListStore) -> None:
        store.add([entry(1)])
        ((stored,),) = store.find([entry(1).signal])
        (change,) = store.changes(0)
        assert (change.kind, change.row, change.signal_type) == (ChangeKind.ADD, stored.row, "pdq")
        assert change.value == pdq(1)
        assert pdq(1) not in repr(change)

    def test_following_from_any_point_arrives_at_what_is_live(self, store: ListStore) -> None:
        """A reader at any earlier state who follows the changes sees what a fresh reader sees."""
        rng = random.Random(7)
        states: list[tuple[int, dict[int, str]]] = [(0, {})]
        for _ in range(30):
            numbers = rng.sample(range(40), rng.randint(1, 10))
            if rng.random() < 0.6:
                store.add(entries(numbers, rng.choice("ab")))
            else:
                store.withdraw(rng.choice("ab"), [f"key {number}" for number in numbers])
            states.append((store.stamp().sequence, dict(store.live("pdq"))))
        store.remove("b")
        live = dict(store.live("pdq"))
        for after, known in states:
            assert replayed(store, after, known) == live

    def test_a_limit_cuts_and_the_rest_follows(self, store: ListStore) -> None:
        store.add(entries(range(20)))
        store.withdraw("a", [f"key {n}" for n in range(0, 20, 2)])
        whole = store.changes(0, limit=1000)
        assert store.changes(0, limit=4) == whole[:4]
        assert store.changes(whole[3].sequence, limit=1000) == whole[4:]

    def test_live_gives_one_type_in_one_consistent_state(self, store: ListStore) -> None:
        store.add([*entries(range(50)), ListEntry("a", "d", Signal("md5", "ab" * 16))])
        reading = store.live("pdq")
        seen = [next(reading)]
        store.withdraw("a", [f"key {n}" for n in range(25)])
        store.add(entries(range(100, 110)))
        seen += reading
        assert {value for _, value in seen} == {pdq(n) for n in range(50)}
        assert [value for _, value in store.live("md5")] == ["ab" * 16]

    def test_resolve_keeps_to_what_was_asked(self, store: ListStore) -> None:
        store.add(entries(range(2000)))
        rows = [row for row, _ in store.live("pdq")]
        resolved = store.resolve([*rows[:1500], 10**12, -1])
        assert set(resolved) == set(rows[:1500])
        assert resolved[rows[0]].key == "key 0"

    # Together

    def test_threads_lose_nothing(self, store: ListStore) -> None:
        errors: list[BaseException] = []

        def work(start: int) -> None:
            try:
                for number in range(start, start + 20):
                    store.add([entry(number), entry(9999)])
                    assert found(store, number) == [[("a", f"key {number}")]]
            except BaseException as error:  # noqa: BLE001 - told by the test
                errors.append(error)

        threads = [threading.Thread(target=work, args=(n * 100,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert store.get("a").entries == 81
        assert len(replayed(store)) == 81
