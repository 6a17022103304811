"""The fields that generating programs write, each in its own way, in one form: program, model, hashes, ids.

Prompts stand in most of these fields. They are not read out of them unless the operator asked for it, since a
prompt can itself be abuse; nothing here looks at what a prompt says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from safelight.provenance.embedded.metadata import Metadata
from safelight.provenance.evidence import Evidence, Kind, joined, told
from safelight.types import Grade

_HASH: Final = re.compile(r"(?:0x)?([0-9a-f]{8,64})")
_MOST_NODES: Final = 5_000
_MODEL_INPUTS: Final = ("ckpt_name", "unet_name", "model_name", "diffusion_model")
_COMMENTS: Final = ("comment", "icmt", "\xa9cmt", "com.apple.quicktime.comment")
_MAKE, _MODEL, _SOFTWARE = 271, 272, 305

_XMP: Final = "http://ns.adobe.com/xap/1.0/"
_EXIF: Final = "http://ns.adobe.com/exif/1.0/"
_DC: Final = "http://purl.org/dc/elements/1.1/"

Found = Iterator[Evidence]


def generators(metadata: Metadata, *, prompts: bool = False) -> Found:
    """Every generating program that the metadata names. ``prompts``: take the prompt texts along."""
    seen: set[tuple[str, str]] = set()
    for reader in _READERS:
        for evidence in reader(metadata):
            # One workflow is often there twice, as text and as EXIF.
            key = (evidence.detail.get("software", ""), evidence.detail.get("model", ""))
            if key in seen:
                continue
            seen.add(key)
            if not prompts:
                evidence.detail.pop("prompt", None)
            yield evidence


def _claim(**detail: object) -> Evidence:
    return Evidence(Kind.GENERATOR, Grade.CLAIMED, told(**detail))


def hash_of(text: object) -> str:
    """A model hash in lower case without ``0x``; empty for anything else."""
    match = _HASH.fullmatch(str(text).strip().lower())
    return match[1] if match else ""


def parsed(text: str) -> Any:  # noqa: ANN401 - a stranger's JSON
    """Text as JSON, or None. Numbers such as NaN, which ComfyUI writes, are let pass."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# Automatic1111, Forge and what copies them: prompt, then "Negative prompt:", then one line of settings.

_SETTING: Final = re.compile(r'\s*([A-Z][\w \-]{0,40}):\s*("(?:\\.|[^"\\]){0,20000}"|\{.*?\}|[^,]*)(?:,|$)')


def _settings_line(metadata: Metadata) -> Found:
    for _, text in metadata.texts:
        start = text.rfind("\nSteps: ") + 1
        if not (start or text.startswith("Steps: ")):
            continue
        line = text[start : start + 20_000].split("\n", 1)[0]
        settings = {m[1].strip(): m[2].strip() for m in _SETTING.finditer(line)}
        hashes = parsed(settings.get("Hashes", "")) or {}
        hashes = hashes if isinstance(hashes, dict) else {}
        loras = dict(_pairs(settings.get("Lora hashes", "")))
        loras |= {k[5:]: str(v) for k, v in hashes.items() if str(k).lower().startswith("lora:")}
        version = settings.get("Version", "")
        yield _claim(
            software=_webui(version),
            version=version,
            model=settings.get("Model"),
            model_hash=hash_of(settings.get("Model hash") or hashes.get("model", "")),
            lora=joined(loras),
            lora_hashes=joined(map(hash_of, loras.values())),
            prompt=text[:start],
        )


def _webui(version: str) -> str:
    if version.startswith("f"):
        return "Stable Diffusion WebUI Forge"
    return "ComfyUI" if version == "ComfyUI" else "Stable Diffusion WebUI (AUTOMATIC1111 form)"


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for piece in text.strip('"').split(","):
        name, separator, value = piece.rpartition(":")
        if separator:
            yield name.strip(), value.strip()


# ComfyUI: a graph of nodes.


def _comfyui(metadata: Metadata) -> Found:
    graphs = [text for key, text in metadata.texts if key.lower() in ("prompt", "workflow")]
    for tag, prefix in ((_MAKE, "workflow:"), (_MODEL, "prompt:"), (_MAKE, "prompt:"), (_MODEL, "workflow:")):
        text = metadata.exif_text(tag)
        graphs += [text[len(prefix) :]] if text.lower().startswith(prefix) else []
    for key, text in metadata.texts:
        if key.lower() in _COMMENTS and '"prompt"' in text[:200]:
            both = parsed(text)
            if isinstance(both, dict):
                graphs += [v if isinstance(v, str) else json.dumps(v) for v in both.values()]
    nodes = [node for graph in graphs for node in _nodes(parsed(graph))]
    if not nodes:
        return
    inputs = [values for _, values in nodes]
    models = joined(str(v[name]) for v in inputs for name in _MODEL_INPUTS if isinstance(v.get(name), str))
    loras = joined(str(v["lora_name"]) for v in inputs if isinstance(v.get("lora_name"), str))
    texts = joined((str(v["text"]) for v in inputs if isinstance(v.get("text"), str)), most=8)
    yield _claim(software="ComfyUI", model=models, lora=loras, nodes=len(nodes), prompt=texts)


def _nodes(graph: Any) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - a stranger's JSON
    if not isinstance(graph, dict):
        return
    for node in list(graph.values())[:_MOST_NODES]:
        if isinstance(node, dict) and isinstance(kind := node.get("class_type"), str):
            inputs = node.get("inputs")
            yield kind, inputs if isinstance(inputs, dict) else {}
    for node in (listed if isinstance(listed := graph.get("nodes"), list) else [])[:_MOST_NODES]:
        if isinstance(node, dict) and isinstance(kind := node.get("type"), str):
            values = node.get("widgets_values")
            name = next((v for v in values if isinstance(v, str)), None) if isinstance(values, list) else None
            loads = {"ckpt_name": name} if "checkpointloader" in kind.lower() else {}
            yield kind, {"lora_name": name} if "loraloader" in kind.lower() else loads


# Programs that write JSON.


def _invokeai(metadata: Metadata) -> Found:
    for key, text in metadata.texts:
        told_ = parsed(text) if key in ("invokeai_metadata", "sd-metadata") else None
        if not isinstance(told_, dict):
            continue
        model = told_.get("model") if isinstance(told_.get("model"), dict) else {}
        assert isinstance(model, dict)
        loras = [
            inner
            for entry in (told_.get("loras") or [])
            if isinstance(entry, dict) and isinstance(inner := entry.get("model") or entry.get("lora"), dict)
        ]
        yield _claim(
            software="InvokeAI",
            version=told_.get("app_version"),
            model=model.get("name") or model.get("model_name") or told_.get("model_weights"),
            model_hash=_invoke_hash(model),
            lora=joined(str(entry.get("name") or entry.get("model_name") or "") for entry in loras),
            lora_hashes=joined(_invoke_hash(entry) for entry in loras),
            prompt=told_.get("positive_prompt"),
        )


def _invoke_hash(model: dict[str, Any]) -> str:
    # BLAKE3 since InvokeAI 4 ("blake3:..."), which no list holds; only SHA-256 can be looked up.
    return hash_of(str(model.get("hash", "")).removeprefix("sha256:"))


def _novelai(metadata: Metadata) -> Found:
    texts = dict(metadata.texts)
    software = texts.get("Software") or metadata.exif_text(_SOFTWARE)
    if software.strip() != "NovelAI":
        return
    told_ = parsed(texts.get("Comment", "")) or {}
    told_ = told_ if isinstance(told_, dict) else {}
    yield _claim(
        software="NovelAI",
        model=texts.get("Source", ""),
        job_id=told_.get("request_id"),
        signature="present" if told_.get("signed_hash") else "",
        prompt=told_.get("prompt") if isinstance(told_.get("prompt"), str) else texts.get("Description"),
    )


def _fooocus_and_swarm(metadata: Metadata) -> Found:
    for key, text in metadata.texts:
        told_ = parsed(text) if key in ("parameters", "UserComment", "fooocus_scheme", "comment") else None
        if not isinstance(told_, dict):
            continue
        if isinstance(swarm := told_.get("sui_image_params"), dict):
            yield _swarm(swarm, told_.get("sui_models"))
        elif "base_model" in told_ or "base_model_hash" in told_:
            loras = [entry for entry in (told_.get("loras") or []) if isinstance(entry, list) and entry]
            version = str(told_.get("version", ""))
            yield _claim(
                software="Fooocus",
                version=version.removeprefix("Fooocus").strip(),
                model=told_.get("base_model"),
                model_hash=hash_of(told_.get("base_model_hash", "")),
                lora=joined(str(entry[0]) for entry in loras),
                lora_hashes=joined(hash_of(entry[2]) for entry in loras if len(entry) > 2),
                prompt=told_.get("prompt"),
            )


def _swarm(told_: dict[str, Any], models: object) -> Evidence:
    listed = [m for m in models if isinstance(m, dict)] if isinstance(models, list) else []
    names = told_.get("loras")
    return _claim(
        software="SwarmUI",
        version=told_.get("swarm_version"),
        model=told_.get("model"),
        model_hash=joined(hash_of(m.get("hash", "")) for m in listed if m.get("param") == "model"),
        lora=joined(map(str, names)) if isinstance(names, list) else names,
        lora_hashes=joined(hash_of(m.get("hash", "")) for m in listed if m.get("param") == "loras"),
        prompt=told_.get("prompt"),
    )


def _draw_things(metadata: Metadata) -> Found:
    if "Draw Things" not in metadata.xmp_values(_XMP, "CreatorTool"):
        return
    read = (parsed(text) for text in metadata.xmp_values(_EXIF, "UserComment"))
    told_: dict[str, Any] = next((value for value in read if isinstance(value, dict)), {})
    loras = [entry for entry in (told_.get("lora") or []) if isinstance(entry, dict)]
    yield _claim(
        software="Draw Things",
        model=told_.get("model"),
        lora=joined(str(entry.get("model", "")) for entry in loras),
        prompt=told_.get("c"),
    )


_JOB: Final = re.compile(r"Job ID:\s*([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


def _midjourney(metadata: Metadata) -> Found:
    texts = [text for key, text in metadata.texts if key in ("Description", "comment")]
    texts += [*metadata.xmp_values(_DC, "description"), metadata.exif_text(270)]
    for text in texts:
        if job := _JOB.search(text):
            yield _claim(software="Midjourney", job_id=job[1].lower(), prompt=text[: job.start()])
            return


_READERS: Final[tuple[Callable[[Metadata], Found], ...]] = (
    _settings_line,
    _comfyui,
    _invokeai,
    _novelai,
    _fooocus_and_swarm,
    _draw_things,
    _midjourney,
)
