"""C2PA manifests (Content Credentials), read by the reference library with every way to the network shut.

Its own default is to fetch what a file tells it to; :data:`_OFFLINE` turns that off, and the sandbox has no
sockets anyway. That a signer is on a trust list says nothing about a broken seal, so failures are looked at
first.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final

import c2pa

from safelight.provenance.embedded.labels import source_type
from safelight.provenance.evidence import Evidence, Kind, joined, told
from safelight.provenance.request import Anchors
from safelight.types import Grade

MIMES: Final = frozenset(c2pa.Reader.get_supported_mime_types())
"""The media types in which the library finds manifests."""

_OFFLINE: Final[Mapping[str, Any]] = {
    "verify": {
        "verify_after_reading": True,
        "verify_trust": True,
        "ocsp_fetch": False,
        "remote_manifest_fetch": False,
    },
    "core": {"allowed_network_hosts": []},
}

_HARMLESS: Final = ("signingCredential.untrusted", "signingCredential.expired", "timeStamp.")
"""Failures that leave the seal whole: what was signed is known, but not, or no longer, that we trust who."""

_JUMBF: Final = (b"jumbc2pa", b"c2pa.claim", b"urn:c2pa:")
_CLOSURE: Final = ctypes.CFUNCTYPE(None)(lambda: None)
"""Held so that libffi maps its table of trampolines in the warm parent. The library calls back into Python,
and a confined child may map nothing executable; the table has room for its few callbacks."""

_SCAN_BYTES: Final = 64 << 20
_PIECE: Final = 1 << 20


def manifests(stream: IO[bytes], mime: str, anchors: Anchors) -> Iterator[Evidence]:
    """What the file's manifest says and how far it can be trusted; nothing where there is none."""
    settings = {**_OFFLINE, "trust": _trust(anchors)}
    try:
        with c2pa.Reader(mime, stream, context=c2pa.Context.from_dict(settings)) as reader:
            yield _told(json.loads(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        return
    except (c2pa.C2paError, ValueError, KeyError) as error:
        if "remote manifest" in str(error).lower():
            yield _elsewhere(str(error))
        elif _holds_manifest(stream):
            yield Evidence(Kind.C2PA, Grade.DAMAGED, told(validation="unreadable"))


def _trust(anchors: Anchors) -> dict[str, str]:
    trust = {"trust_anchors": anchors.official, "user_anchors": anchors.interim}
    return {name: pem for name, pem in trust.items() if pem}


def _elsewhere(message: str) -> Evidence:
    return Evidence(Kind.C2PA_REMOTE, Grade.CLAIMED, told(address=message.rpartition("url ")[2][:200]))


def _told(store: dict[str, Any]) -> Evidence:
    manifest = store["manifests"][store["active_manifest"]]
    results = store.get("validation_results", {})
    active = results.get("activeManifest", {})
    failures = [entry["code"] for entry in active.get("failure", [])]
    for delta in results.get("ingredientDeltas", []):
        failures += [entry["code"] for entry in delta.get("validationDeltas", {}).get("failure", [])]
    trusted = next(
        (e["explanation"] for e in active.get("success", []) if e["code"] == "signingCredential.trusted"), ""
    )
    signature = manifest.get("signature_info", {})
    actions = list(_actions(manifest))
    inside = joined(
        source_type(v) for m in store["manifests"].values() if m is not manifest for v in _sources(m)
    )
    return Evidence(
        Kind.C2PA,
        _grade(failures, trusted),
        told(
            signer=signature.get("issuer"),
            common_name=signature.get("common_name"),
            signed_at=signature.get("time"),
            trust_list="official" if "system_anchors" in trusted else "interim" if trusted else "none",
            certificate="expired" if "signingCredential.expired" in failures else "",
            generator=joined(map(_named, manifest.get("claim_generator_info", []))),
            software=joined(_named(action.get("softwareAgent")) for action in actions),
            actions=joined(str(action.get("action", "")).removeprefix("c2pa.") for action in actions),
            source_type=joined(map(source_type, _sources(manifest))),
            ingredients=len(manifest.get("ingredients", [])) or "",
            ingredient_source_type=inside,
            validation=joined(failures),
        ),
    )


def _grade(failures: list[str], trusted: str) -> Grade:
    if any(not code.startswith(_HARMLESS) for code in failures):
        return Grade.DAMAGED
    return Grade.SIGNED if failures or "system_anchors" not in trusted else Grade.VERIFIED


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions", []):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            data = assertion.get("data")
            entries = data.get("actions", []) if isinstance(data, dict) else []
            yield from (entry for entry in entries if isinstance(entry, dict))


def _sources(manifest: dict[str, Any]) -> Iterator[str]:
    """Every source type that a manifest names, in its actions and in what it says about its ingredients."""
    for action in _actions(manifest):
        yield str(action.get("digitalSourceType", ""))
    for assertion in manifest.get("assertions", []):
        data = assertion.get("data")
        if isinstance(data, dict):
            yield str(data.get("digitalSourceType", ""))
            yield str(data.get("Iptc4xmpExt:DigitalSourceType", ""))


def _named(program: object) -> str:
    if isinstance(program, dict):
        return f"{program.get('name', '')} {program.get('version', '')}".strip()
    return program if isinstance(program, str) else ""


def _holds_manifest(stream: IO[bytes]) -> bool:
    """Whether the bytes of a manifest store are in a file that the library gave up on."""
    stream.seek(0)
    tail, left = b"", _SCAN_BYTES
    while left > 0 and (piece := stream.read(min(_PIECE, left))):
        left -= len(piece)
        if any(mark in tail + piece for mark in _JUMBF):
            return True
        tail = piece[-16:]
    return False
