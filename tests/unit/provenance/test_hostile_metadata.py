"""Metadata that attacks its reader costs at most itself: the rest is read, and nothing grows or hangs."""

from __future__ import annotations

import os
import random
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from origins import A1111, exif, jpeg, png, webp, xmp
from signing import signed
from small_files import files, picture

from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.provenance import examine
from safelight.types import Problem, UnscannedReason

LABEL = xmp(Iptc4xmpExt__DigitalSourceType="trainedAlgorithmicMedia")

BILLION = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]><x>&j;</x>""" % b"".join(
    b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
)
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
DEEP = b"<a>" * 20_000 + b"</a>" * 20_000
MANY = b"<x>" + b"<a b='1'/>" * 100_000 + b"</x>"


@pytest.mark.parametrize("packet", [BILLION, EXTERNAL, DEEP, MANY, b"\xff\xfe<broken", b"<x", b""])
def test_a_hostile_packet_costs_only_itself(evidence, packet):
    found = evidence(png(xmp=packet, texts={"parameters": A1111}), "image/png")
    assert found["generator"].detail["model"] == "shapes_v1"
    assert set(found) <= {"generator", "unreadable"}
    assert "passwd" not in repr(found)
    assert "root:" not in repr(found)


def test_compressed_text_is_expanded_no_further_than_a_block(evidence):
    bomb = zlib.compress(b"Steps: " + bytes(300 << 20), 9)
    body = b"parameters\0\0" + bomb
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    plain = png(xmp=LABEL)
    content = plain[:33] + chunk * 30 + plain[33:]
    assert set(evidence(content, "image/png")) <= {"source_type", "generator"}


def test_megabytes_in_a_field_are_cut(evidence):
    content = png(texts={"parameters": A1111.replace("shapes_v1", "s" * (3 << 20))})
    found = evidence(content, "image/png").get("generator")
    assert found is None or len(found.detail.get("model", "")) <= 500


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig", "cp1251"])
def test_texts_in_wrong_encodings_are_read_somehow(evidence, encoding):
    text = A1111.replace("shapes_v1", "sha\xefpes" if encoding != "cp1251" else "sha\u0457pes")
    raw = png(texts={"Title": "x"})
    body = b"parameters\0" + text.encode(encoding)
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    evidence(raw[:33] + chunk + raw[33:], "image/png")


def test_lengths_that_lie_end_the_walk(evidence):
    content = bytearray(jpeg(xmp=LABEL, exif=exif(comment=A1111)))
    content[4:6] = b"\0\0"
    assert evidence(bytes(content), "image/jpeg") == {}
    riff = bytearray(webp(xmp=LABEL))
    riff[16:20] = b"\xff\xff\xff\xff"
    assert evidence(bytes(riff), "image/webp") == {}


@pytest.mark.parametrize("mime", sorted(files()))
def test_empty_and_cut_files_of_every_kind_are_survived(evidence, mime):
    content = files()[mime]
    for length in (0, 1, 8, 12, len(content) // 2):
        evidence(content[:length], mime)


def test_another_kind_than_the_bytes_are_is_survived(evidence):
    for mime in files():
        for content in files().values():
            evidence(content, mime)


def _corpus(signer) -> list[tuple[str, bytes]]:
    rich = {
        "image/jpeg": jpeg(xmp=LABEL, exif=exif({271: "Maker", 272: "Model"}, comment=A1111)),
        "image/png": png(xmp=LABEL, texts={"parameters": A1111}, packed="zTXt"),
        "image/webp": webp(xmp=LABEL, exif=exif(comment=A1111)),
    }
    both = [*files().items(), *rich.items()]
    return [*both, *((mime, signed(content, mime, signer)) for mime, content in both)]


def _mutate(content: bytes, chance: random.Random) -> bytes:
    out = bytearray(content)
    for _ in range(chance.choice([1, 1, 3, 12])):
        at = chance.randrange(len(out))
        match chance.randrange(4):
            case 0:
                out[at] ^= 1 << chance.randrange(8)
            case 1:
                out[at : at + 4] = chance.choice([bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\1"])
            case 2:
                del out[at : at + chance.randrange(1, 40)]
            case _:
                out[at:at] = out[max(0, at - 30) : at]
        if not out:
            out = bytearray(b"\0")
    return bytes(out)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("count", [400, pytest.param(6_000, marks=pytest.mark.slow)])
def test_mutated_files_end_no_reader(sandbox, signer, count):
    corpus = _corpus(signer)

    def problems(number: int) -> list[tuple[int, str, Problem]]:
        chance = random.Random(f"{count} {number}")
        mime, content = chance.choice(corpus)
        fd = sealed_memfd(_mutate(content, chance))
        try:
            return [(number, mime, problem) for problem in examine(fd, mime, sandbox)[1]]
        finally:
            os.close(fd)

    with ThreadPoolExecutor(4) as pool:
        odd = [each for each_of in pool.map(problems, range(count)) for each in each_of]
    assert [one for one in odd if one[2].reason is UnscannedReason.BAD_REPLY] == []
    assert [one for one in odd if one[2].reason is UnscannedReason.CRASHED] == []
    assert [one for one in odd if one[2].reason is UnscannedReason.TIMEOUT] == []
    assert sandbox.pids()["provenance"]


def test_a_picture_is_none_the_worse_for_its_metadata(evidence):
    assert evidence(picture("JPEG"), "image/jpeg") == {}
