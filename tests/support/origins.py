"""Metadata as cameras and generating programs write it, around harmless words, in every container."""

from __future__ import annotations

import io
import json
import struct
import zlib

from pictures import draw
from PIL import Image
from small_files import box, chunk, full, mp3, mp4, picture, wav

HASH10, HASH12 = "a1b2c3d4e5", "0123456789ab"
SHA = "ab" * 32

A1111 = (
    "a red square beside a blue circle\\nNegative prompt: green\\nSteps: 20, Sampler: Euler a, CFG scale: 7, "
    f"Seed: 5, Size: 512x512, Model hash: {HASH10}, Model: shapes_v1, "
    f'Lora hashes: "rounded: {HASH12}, corners: 112233445566", Version: v1.9.4'
).replace("\\n", "\n")
FORGE = A1111.replace("Version: v1.9.4", "Version: f2.0.1v1.10.1")
CIVITAI = A1111.replace("Version: v1.9.4", f'Hashes: {{"model": "{HASH10}", "LORA:edges": "aabbccddeeff"}}')
COMFY_PROMPT = json.dumps(
    {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "shapes_v1.safetensors"}},
        "5": {"class_type": "LoraLoader", "inputs": {"lora_name": "rounded.safetensors", "model": ["4", 0]}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red square", "clip": ["4", 1]}},
    }
)
COMFY_WORKFLOW = json.dumps(
    {"nodes": [{"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["shapes_v1.safetensors"]}]}
)
INVOKE = json.dumps(
    {
        "app_version": "4.2.0",
        "positive_prompt": "a red square",
        "model": {"name": "shapes", "hash": f"sha256:{SHA}"},
        "loras": [{"model": {"name": "rounded", "hash": "blake3:" + "cd" * 32}, "weight": 0.7}],
    }
)
NOVELAI_COMMENT = json.dumps(
    {"prompt": "a red square", "signed_hash": "c2lnbmF0dXJl", "request_id": "request-7", "steps": 28}
)
FOOOCUS = json.dumps(
    {
        "prompt": "a red square",
        "base_model": "shapes",
        "base_model_hash": HASH10,
        "loras": [["rounded", 0.5, HASH12]],
        "version": "Fooocus v2.5.5",
    }
)
SWARM = json.dumps(
    {
        "sui_image_params": {
            "prompt": "a red square",
            "model": "shapes",
            "swarm_version": "0.9.5",
            "loras": ["rounded"],
        },
        "sui_models": [
            {"name": "shapes", "param": "model", "hash": f"0x{SHA}"},
            {"name": "rounded", "param": "loras", "hash": "0x" + "cd" * 32},
        ],
    }
)
JOB = "01234567-89ab-cdef-0123-456789abcdef"
MIDJOURNEY = f"a red square --v 6 Job ID: {JOB}"
AIGC = json.dumps(
    {"Label": "1", "ContentProducer": "Producer 1", "ProduceID": "produced-7", "ReservedCode1": "c2ln"}
)

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NAMESPACES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}


def xmp(**properties: str) -> bytes:
    """A packet with properties named ``prefix__name``: half of them elements, half attributes."""
    escaped = {
        name.replace("__", ":"): value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        for name, value in properties.items()
    }
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    attributes = " ".join(f'{n}="{v}"' for i, (n, v) in enumerate(escaped.items()) if i % 2)
    elements = "".join(f"<{n}>{v}</{n}>" for i, (n, v) in enumerate(escaped.items()) if not i % 2)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
        f"<rdf:Description {spaces} {attributes}>{elements}</rdf:Description>"
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def exif(
    tags: dict[int, object] | None = None, comment: str | None = None, inner: dict[int, object] | None = None
) -> bytes:
    """An EXIF block that begins with its TIFF header; the comment in UTF-16, as generators write it."""
    built = Image.Exif()
    for tag, value in (tags or {}).items():
        built[tag] = value
    within = dict(inner or {})
    if comment is not None:
        within[0x9286] = b"UNICODE\0" + comment.encode("utf-16-be")
    if within:
        built._ifds[0x8769] = within
        built[0x8769] = within
    return built.tobytes().removeprefix(b"Exif\0\0")


# Containers: how each holds EXIF, XMP and named texts.


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(
    *, exif: bytes = b"", xmp: bytes = b"", iptc: bytes = b"", texts: dict[str, str] | None = None
) -> bytes:
    plain = picture("JPEG")
    added = _segment(0xE1, b"Exif\0\0" + exif) if exif else b""
    added += _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp) if xmp else b""
    if iptc:
        added += _segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc)
    for text in (texts or {}).values():
        added += _segment(0xFE, text.encode())
    return plain[:2] + added + plain[2:]


def iptc(record: int, dataset: int, text: str) -> bytes:
    value = text.encode()
    return bytes([0x1C, record, dataset]) + struct.pack(">H", len(value)) + value


def png(
    *, exif: bytes = b"", xmp: bytes = b"", texts: dict[str, str] | None = None, packed: str = "tEXt"
) -> bytes:
    plain = picture("PNG")
    added = _png_chunk(b"eXIf", exif) if exif else b""
    added += _png_text("XML:com.adobe.xmp", xmp, "iTXt") if xmp else b""
    for key, text in (texts or {}).items():
        added += _png_text(key, text.encode(), packed)
    return plain[:33] + added + plain[33:]


def _png_text(key: str, text: bytes, kind: str) -> bytes:
    body = {
        "tEXt": b"\0" + text,
        "zTXt": b"\0\0" + zlib.compress(text),
        "iTXt": b"\0\0\0\0\0" + text,
        "iTXt packed": b"\0\1\0\0\0" + zlib.compress(text),
    }[kind]
    return _png_chunk(kind[:4].encode(), key.encode("latin-1") + body)


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def webp(*, exif: bytes = b"", xmp: bytes = b"") -> bytes:
    out = io.BytesIO()
    draw(96, 64).save(out, "WEBP", exif=b"Exif\0\0" + exif if exif else b"", xmp=xmp)
    return out.getvalue()


def tiff(*, exif: dict[int, object] | None = None, xmp: bytes = b"") -> bytes:
    out = io.BytesIO()
    tags: dict[int, object] = dict(exif or {})
    if xmp:
        tags[700] = xmp
    draw(96, 64).save(out, "TIFF", tiffinfo=tags)
    return out.getvalue()


def avif(*, exif: bytes = b"", xmp: bytes = b"") -> bytes:
    out = io.BytesIO()
    draw(96, 64).save(out, "AVIF", exif=b"Exif\0\0" + exif if exif else b"", xmp=xmp or None)
    return out.getvalue()


def gif(*, xmp: bytes = b"", comment: str = "") -> bytes:
    out = io.BytesIO()
    draw(96, 64).save(out, "GIF", comment=comment.encode() if comment else b"")
    plain = out.getvalue()
    if not xmp:
        return plain
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    return plain[:-1] + b"!\xff\x0bXMP DataXMP" + xmp + trailer + b";"


def video(*, xmp: bytes = b"", texts: dict[str, str] | None = None, brand: bytes = b"isom") -> bytes:
    """XMP in ``uuid``; texts as ffmpeg writes them: four-letter names in ``ilst``, others as ``----``."""
    items = b""
    for key, text in (texts or {}).items():
        data = full(b"data", 0, 1, bytes(4), text.encode())
        names = full(b"mean", 0, 0, b"com.apple.iTunes") + full(b"name", 0, 0, key.encode())
        items += box(b"\xa9cmt", data) if key == "comment" else box(b"----", names, data)
    handler = full(b"hdlr", 0, 0, bytes(4), b"mdir", b"appl", bytes(9))
    udta = box(b"udta", full(b"meta", 0, 0, handler, box(b"ilst", items))) if items else b""
    uuid = box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), xmp) if xmp else b""
    return mp4(brand, udta=udta) + uuid


def sound_mp3(*, xmp: bytes = b"", texts: dict[str, str] | None = None) -> bytes:
    frames = _id3_frame(b"PRIV", b"XMP\0" + xmp) if xmp else b""
    for key, text in (texts or {}).items():
        frames += _id3_frame(b"TXXX", b"\3" + key.encode() + b"\0" + text.encode())
    size = len(frames)
    return mp3(b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + frames)


def _id3_frame(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">I", len(body)) + b"\0\0" + body


def sound_wav(*, xmp: bytes = b"", info: dict[str, str] | None = None) -> bytes:
    chunks = [chunk(b"_PMX", xmp)] if xmp else []
    if info:
        entries = b"".join(chunk(key.encode(), text.encode() + b"\0") for key, text in info.items())
        chunks.append(chunk(b"LIST", b"INFO" + entries))
    return wav(*chunks)
