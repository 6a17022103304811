"""Makes HEIC files, since the decoders we ship cannot: HEVC in which every block is stored as it is (I_PCM).

ITU-T H.265 (sections 7.3 and 9.3) for the bitstream, ISO/IEC 23008-12 for the container.
"""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

BLOCK = 16
# rangeTabLps (H.265, table 9-46) for the widest quarter of the range, by state.
LPS = [
    *(240, 227, 216, 205, 195, 185, 175, 166, 158, 150, 142, 135, 128, 122, 116, 110, 104, 99, 94, 89, 85),
    *(80, 76, 72, 69, 65, 62, 59, 56, 53, 50, 48, 45, 43, 41, 39, 37, 35, 33, 31, 30, 28),
    *(27, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 14, 13, 12, 12, 11, 11, 10, 9),
]


class Bits:
    """Writes bits, and the arithmetic coder's flush (section 9.3.5)."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def u(self, count: int, value: int) -> Bits:
        self.bits += [value >> i & 1 for i in reversed(range(count))]
        return self

    def ue(self, *values: int) -> Bits:
        for value in values:
            length = (value + 1).bit_length()
            self.u(2 * length - 1, value + 1)
        return self

    def align(self) -> Bits:
        self.bits += [0] * (-len(self.bits) % 8)
        return self

    def terminate(self, range_: int) -> Bits:
        """A terminating bin of 1, encoded at low 0 and ``range_``; the last bit is the stop bit."""
        low, outstanding, first = range_ - 2, 0, True

        def put(bit: int) -> None:
            nonlocal first, outstanding
            if not first:
                self.bits.append(bit)
            first = False
            self.bits.extend([1 - bit] * outstanding)
            outstanding = 0

        for _ in range(7):
            if low < 256:
                put(0)
            elif low >= 512:
                low -= 512
                put(1)
            else:
                low -= 256
                outstanding += 1
            low <<= 1
        put(low >> 9 & 1)
        return self.u(2, low >> 7 & 3 | 1)

    def raw(self, data: bytes) -> Bits:
        self.bits += np.unpackbits(np.frombuffer(data, np.uint8)).tolist()
        return self

    def nal(self, kind: int) -> bytes:
        body = np.packbits(self.bits).tobytes()
        out, zeros = bytearray(struct.pack(">H", kind << 9 | 1)), 0
        for byte in body:
            if zeros >= 2 and byte <= 3:  # emulation prevention
                out.append(3)
                zeros = 0
            out.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(out)


PROFILE = bytes.fromhex("01 70000000 900000000000 78")  # Main, level 4


def parameter_sets(width: int, height: int) -> list[tuple[int, bytes]]:
    vps = Bits().u(4, 0).u(2, 3).u(6, 0).u(3, 0).u(1, 1).u(16, 0xFFFF).raw(PROFILE)
    vps.u(1, 1).ue(0, 0, 0).u(6, 0).ue(0).u(2, 0)
    sps = Bits().u(4, 0).u(3, 0).u(1, 1).raw(PROFILE).ue(0, 1, width, height).u(1, 0).ue(0, 0, 0)
    sps.u(1, 1).ue(0, 0, 0).ue(1, 0, 0, 2, 0, 0).u(3, 0).u(1, 1).u(4, 7).u(4, 7).ue(1, 0).u(1, 1)
    sps.ue(0).u(3, 0).u(2, 0)
    pps = Bits().ue(0, 0).u(7, 0).ue(0, 0, 0).u(3, 0).ue(0, 0).u(7, 0).u(3, 0b101).u(2, 0).ue(0).u(2, 0)
    return [(kind, bits.u(1, 1).align().nal(kind)) for kind, bits in ((32, vps), (33, sps), (34, pps))]


def slice_(image: Image.Image) -> bytes:
    luma, blue, red = image.convert("YCbCr").split()
    y = np.asarray(luma)
    half = (image.width // 2, image.height // 2)
    chroma = [np.asarray(plane.resize(half, Image.Resampling.BOX)) for plane in (blue, red)]
    bits = Bits().u(1, 1).u(1, 0).ue(0, 2, 0).u(1, 1).align()
    state, range_ = 0, 510
    for top in range(0, image.height, BLOCK):
        for left in range(0, image.width, BLOCK):
            bits.terminate(range_ - LPS[state]).align()  # part_mode 2Nx2N, then pcm_flag
            bits.raw(y[top : top + BLOCK, left : left + BLOCK].tobytes())
            for plane in chroma:
                bits.raw(plane[top // 2 : top // 2 + 8, left // 2 : left // 2 + 8].tobytes())
            state, range_ = min(state + 1, 62), 508  # after an end_of_slice_segment_flag of 0
    return bits.terminate(510).align().nal(20)


def box(kind: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind.encode() + body


def full_box(kind: str, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def heic(image: Image.Image, *, quarter_turns: int = 0, exif: bytes = b"") -> bytes:
    """A HEIC of a picture whose sides are multiples of 16, shown turned anticlockwise."""
    sets = parameter_sets(*image.size)
    arrays = b"".join(struct.pack(">BHH", 0x80 | kind, 1, len(nal)) + nal for kind, nal in sets)
    hvcc = b"\1" + PROFILE + b"\xf0\0\xfc\xfd\xf8\xf8\0\0\x0f\3" + arrays
    picture = slice_(image)
    picture = struct.pack(">I", len(picture)) + picture
    metadata = struct.pack(">I", 0) + exif
    properties = [
        box("hvcC", hvcc),
        full_box("ispe", struct.pack(">II", *image.size)),
        box("irot", bytes([quarter_turns])),
    ]
    associations = struct.pack(">IHB3B", 1, 1, 3, 0x81, 2, 0x83)
    items = [full_box("infe", struct.pack(">HH4sx", 1, 0, b"hvc1"), version=2)]
    items.append(full_box("infe", struct.pack(">HH4sx", 2, 0, b"Exif"), version=2))

    def meta(at: int) -> bytes:
        extents = struct.pack(">HHHII", 1, 0, 1, at, len(picture))
        extents += struct.pack(">HHHII", 2, 0, 1, at + len(picture), len(metadata))
        return full_box(
            "meta",
            full_box("hdlr", struct.pack(">I4s12xx", 0, b"pict")),
            full_box("pitm", struct.pack(">H", 1)),
            full_box("iloc", struct.pack(">BBH", 0x44, 0, 2), extents),
            full_box("iinf", struct.pack(">H", 2), *items),
            full_box("iref", box("cdsc", struct.pack(">HHH", 2, 1, 1))),
            box("iprp", box("ipco", *properties), full_box("ipma", associations)),
        )

    start = box("ftyp", b"heic\0\0\0\0mif1heic")
    return start + meta(len(start) + len(meta(0)) + 8) + box("mdat", picture, metadata)
