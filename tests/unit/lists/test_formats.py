"""List files are read as told, nothing is guessed, every bad line is named, and every good one is kept."""

from __future__ import annotations

import csv
import io
import tracemalloc
import unicodedata
from pathlib import Path

import pytest
from conformance import pdq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.errors import ListFormatError
from safelight.lists import BadLine, Layout, ListFormat
from safelight.lists.formats import Record, open_list
from safelight.types import Signal

MD5 = "0cc175b9c0f1b6a831c399e269772661"
SHA1 = "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"
AUTO = ListFormat()
PDQ_VALUES = ListFormat(signal_type="pdq")


def read(path: Path, content: str | bytes, told: ListFormat = AUTO) -> tuple[list[Record], list[BadLine]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    bad: list[BadLine] = []
    with open_list(path, told) as reader:
        return list(reader.records(bad.append)), bad


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list"


def signals(records: list[Record]) -> list[tuple[str, str]]:
    return [(signal.type, signal.value) for record in records for signal in record.signals]


# Plain lines


def test_one_hash_a_line_of_the_type_told(path: Path) -> None:
    records, bad = read(path, f"{pdq(1)}\n{pdq(2).upper()}", PDQ_VALUES)
    assert signals(records) == [("pdq", pdq(1)), ("pdq", pdq(2))]
    assert [record.line for record in records] == [1, 2]
    assert [record.key for record in records] == [None, None]
    assert bad == []


def test_signal_type_and_value_a_line(path: Path) -> None:
    records, bad = read(path, f"pdq {pdq(1)}\nMD5\t{MD5}\nsha1   {SHA1}  \n")
    assert signals(records) == [("pdq", pdq(1)), ("md5", MD5), ("sha1", SHA1)]
    assert bad == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_marks_line_ends_blank_lines_and_comments(path: Path, mark: str, end: str) -> None:
    lines = [f"{mark}# a comment", "", "   ", f"  {pdq(1)} ", "#x", pdq(2), ""]
    records, bad = read(path, end.join(lines), PDQ_VALUES)
    assert [(r.line, r.signals[0].value) for r in records] == [(4, pdq(1)), (6, pdq(2))]
    assert bad == []
    records, _ = read(path, f"{mark}pdq {pdq(1)}{end}".encode())
    assert len(records) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("abc", "3 characters where pdq has 64"),
        (pdq(1) + "0", "65 characters where pdq has 64"),
        ("g" + pdq(1)[1:], "no hexadecimal digit"),
        ("0" * 64, "every bit of it is 0"),
        ("F" * 64, "every bit of it is 1"),
    ],
)
def test_a_bad_line_is_named_and_the_good_ones_kept(path: Path, line: str, reason: str) -> None:
    records, bad = read(path, f"{pdq(1)}\n{line}\n{pdq(2)}\n", PDQ_VALUES)
    assert signals(records) == [("pdq", pdq(1)), ("pdq", pdq(2))]
    assert [b.number for b in bad] == [2]
    assert reason in bad[0].reason
    assert line not in bad[0].reason


@pytest.mark.parametrize("line", ["pdq", f"pdq {pdq(1)} x", f"{pdq(1)} pdq", f"video_md5 {MD5}"])
def test_a_line_that_is_no_type_and_value_is_bad_and_not_quoted(path: Path, line: str) -> None:
    records, bad = read(path, f"md5 {MD5}\n{line}\n")
    assert len(records) == len(bad) == 1
    assert not any(word in bad[0].reason for word in (MD5, pdq(1), "video"))


def test_the_digest_of_an_empty_file_is_not_listed(path: Path) -> None:
    records, bad = read(path, f"md5 D41D8CD98F00B204E9800998ECF8427E\nmd5 {MD5}\n")
    assert signals(records) == [("md5", MD5)]
    assert "empty file" in bad[0].reason


# Tables


def test_columns_with_known_names_need_no_mapping(path: Path) -> None:
    content = f"Classification,key,PDQ,md5\nA1,file 1,{pdq(1)},{MD5.upper()}\n,,{pdq(2)},\n"
    records, bad = read(path, content)
    assert records == [
        Record(2, (Signal("md5", MD5), Signal("pdq", pdq(1))), "file 1", "A1"),
        Record(3, (Signal("pdq", pdq(2)),), None, None),
    ]
    assert bad == []


def test_columns_are_mapped_as_told(path: Path) -> None:
    told = ListFormat(
        columns=(("pdq", "PDQ_HASH"), ("key", "ID"), ("classification", "Category")), delimiter=";"
    )
    records, bad = read(path, f'# export\n"ID";Category;"PDQ_HASH"\n7;"B; 2";{pdq(1)}\n', told)
    assert (records, bad) == ([Record(3, (Signal("pdq", pdq(1)),), "7", "B; 2")], [])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((("pdq", "NAME"),), "no column called 'NAME'"),
        ((("pdq", "twice"),), "more than one column called 'twice'"),
        ((("crc32", "a"),), "a column can hold .*md5"),
        ((("key", "a"),), "No column of this file"),
        ((("pdq", "a"), ("key", "a")), "mapped twice"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(
    path: Path, columns: tuple[tuple[str, str], ...], message: str
) -> None:
    with pytest.raises(ListFormatError, match=message):
        read(path, f"a,twice,twice\n{pdq(1)},2,3\n", ListFormat(columns=columns))


def test_one_bad_hash_leaves_the_others_of_its_row(path: Path) -> None:
    records, bad = read(path, f"md5,pdq,key\n{MD5},{pdq(1)[1:]},k\n,,k\n")
    assert signals(records) == [("md5", MD5)]
    assert [(b.number, b.reason) for b in bad] == [
        (2, "pdq: it has 63 characters where pdq has 64"),
        (3, "it has no hash"),
    ]


def test_a_row_of_another_width_is_bad(path: Path) -> None:
    records, bad = read(path, f"pdq,key\n{pdq(1)}\n{pdq(1)},k,x\n{pdq(2)},k\n")
    assert signals(records) == [("pdq", pdq(2))]
    assert [b.reason for b in bad] == [
        "it has 1 fields where the header has 2",
        "it has 3 fields where the header has 2",
    ]


def test_a_field_in_quotes_may_run_over_lines(path: Path) -> None:
    records, bad = read(path, f'pdq,note,key\n{pdq(1)},"two\nlines",k1\n{pdq(2)},"",k2\n')
    assert [(r.line, r.key) for r in records] == [(2, "k1"), (4, "k2")]
    assert bad == []


def test_a_quote_that_never_closes_costs_its_own_line_only(path: Path) -> None:
    rows = [f"{pdq(n)},k{n}" for n in range(200)]
    rows[3] = f'{pdq(3)},"k3'
    rows[150] = f'{pdq(150)},"k150'
    records, bad = read(path, "pdq,key\n" + "\n".join(rows))
    assert [b.number for b in bad] == [5, 152]
    assert len(records) == 198


def test_two_stray_quotes_swallow_nothing_between_them(path: Path) -> None:
    rows = [f"{pdq(n)},k{n}" for n in range(20)]
    rows[3] = f'{pdq(3)},"k3'
    rows[10] = f'{pdq(10)},k10"'
    records, bad = read(path, "pdq,key\n" + "\n".join(rows))
    assert [b.number for b in bad] == [5]
    assert [r.line for r in records] == [n + 2 for n in range(20) if n != 3]


def test_a_key_that_repeats_the_value_is_not_kept(path: Path) -> None:
    records, _ = read(path, f"md5,key\n{MD5},{MD5.upper()}\n")
    assert records[0].key is None


@pytest.mark.parametrize("key", ["a\x1b[2Jb", "x" * 513])
def test_a_key_that_cannot_be_shown_is_bad(path: Path, key: str) -> None:
    records, bad = read(path, f"md5,key\n{MD5},{key}\n{SHA1[:32]},k\n")
    assert [r.key for r in records] == ["k"]
    assert bad[0].number == 2


def _is_shown(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)),
        max_size=20,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_spreadsheet_writes_is_read(
    path: Path, rows: list[tuple[int, str]], end: str, quoting: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, quoting=quoting)
    writer.writerow(["pdq", "classification"])
    writer.writerows([pdq(number), note] for number, note in rows)
    records, bad = read(path, out.getvalue())
    kept = [(n, note.strip()) for n, note in rows if all(_is_shown(c) for c in note.strip())]
    readable = [(pdq(number), note or None) for number, note in kept]
    assert [(r.signals[0].value, r.classification) for r in records] == readable
    assert len(records) + len(bad) == len(rows)


@given(
    st.binary(max_size=300),
    st.sampled_from([AUTO, PDQ_VALUES, ListFormat(Layout.CSV), ListFormat(Layout.TYPED)]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_end_as_records_bad_lines_or_one_clear_error(
    path: Path, content: bytes, told: ListFormat
) -> None:
    for prefix in (b"", b"pdq,key\n", f"pdq {pdq(1)}\n".encode()):
        try:
            records, bad = read(path, prefix + content, told)
        except ListFormatError:
            continue
        numbers = [r.line for r in records] + [b.number for b in bad]
        assert all(
            1 <= number <= (prefix + content).count(b"\n") + content.count(b"\r") + 1 for number in numbers
        )


@given(st.lists(st.tuples(st.booleans(), st.text("0123456789abcdef ,#\"'", max_size=40)), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_good_lines_among_any_bad_ones_are_all_kept(path: Path, lines: list[tuple[bool, str]]) -> None:
    written = [f"pdq {pdq(n)}" if good else text for n, (good, text) in enumerate(lines)]
    records, _ = read(path, "\n".join(written), ListFormat(Layout.TYPED))
    assert [r.line for r in records] == [n + 1 for n, (good, _) in enumerate(lines) if good]


# Settling the layout


@pytest.mark.parametrize("content", [pdq(1), f"a,b\n{pdq(1)},2", f"{pdq(1)},x", f"video {pdq(1)}", "hello"])
def test_a_layout_that_is_not_certain_is_asked_for_and_nothing_is_quoted(path: Path, content: str) -> None:
    with pytest.raises(ListFormatError, match="--signal-type") as caught:
        read(path, content)
    assert pdq(1) not in str(caught.value)


def test_one_hash_a_line_is_never_read_without_its_type(path: Path) -> None:
    with pytest.raises(ListFormatError, match="never guessed from the length"):
        read(path, pdq(1), ListFormat(Layout.VALUES))


def test_a_header_that_names_no_signal_is_never_quoted(path: Path) -> None:
    with pytest.raises(ListFormatError) as caught:
        read(path, f"{pdq(1)},x\n{pdq(2)},x\n", ListFormat(Layout.CSV))
    assert pdq(1) not in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n\n", "# only comments\n\n", "\ufeff"])
@pytest.mark.parametrize("told", [AUTO, PDQ_VALUES, ListFormat(Layout.CSV)])
def test_a_file_of_no_entries_is_an_empty_list(path: Path, content: str, told: ListFormat) -> None:
    assert read(path, content, told) == ([], [])


# What is no text


def test_utf16_is_named_and_can_be_told(path: Path) -> None:
    content = f"pdq,key\r\n{pdq(1)},k\r\n".encode("utf-16")
    with pytest.raises(ListFormatError, match="--encoding utf-16"):
        read(path, content)
    records, bad = read(path, content, ListFormat(encoding="utf-16"))
    assert (signals(records), bad) == ([("pdq", pdq(1))], [])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_named(path: Path, encoding: str) -> None:
    with pytest.raises(ListFormatError, match="UTF-8"):
        read(path, f"pdq {pdq(1)}\n".encode(encoding))


def test_text_told_to_be_utf16_that_is_not_is_an_error(path: Path) -> None:
    with pytest.raises(ListFormatError, match="utf-16"):
        read(path, f"pdq {pdq(1)}\n", ListFormat(encoding="utf-16"))


def test_a_binary_is_refused(path: Path) -> None:
    with pytest.raises(ListFormatError, match="no plain text"):
        read(path, b"PK\x03\x04\x00\x00\x00", PDQ_VALUES)


def test_a_line_in_another_encoding_is_bad_alone(path: Path) -> None:
    content = f"pdq,classification\n{pdq(1)},ok\n".encode() + pdq(2).encode() + ",é\n".encode("latin-1")
    records, bad = read(path, content)
    assert signals(records) == [("pdq", pdq(1))]
    assert bad == [BadLine(3, "it is not valid utf-8")]
    records, bad = read(path, content, ListFormat(encoding="latin-1"))
    assert [r.classification for r in records] == ["ok", "é"]


def test_a_huge_line_is_bad_and_takes_no_memory(path: Path) -> None:
    content = b"pdq " + b"a" * (64 << 20) + f"\npdq {pdq(1)}\n".encode()
    path.write_bytes(content)
    del content
    tracemalloc.start()
    bad: list[BadLine] = []
    with open_list(path, ListFormat(Layout.TYPED)) as reader:
        records = list(reader.records(bad.append))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(records), [b.number for b in bad]) == (1, [1])
    assert peak < 24 << 20


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for missing in (tmp_path / "none", tmp_path):
        with pytest.raises(ListFormatError, match="cannot be read"):
            read_only(missing)


def read_only(path: Path) -> None:
    with open_list(path, AUTO):
        pass


def test_leaving_early_closes_the_file(path: Path) -> None:
    path.write_text(f"pdq {pdq(1)}\n" * 10)
    with open_list(path, AUTO) as reader:
        next(iter(reader.records(lambda _: None)))
