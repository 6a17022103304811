"""What each generating program writes is read back in one form, from every container that it writes to."""

from __future__ import annotations

import heic
import pytest
from origins import (
    A1111,
    AIGC,
    CIVITAI,
    COMFY_PROMPT,
    COMFY_WORKFLOW,
    FOOOCUS,
    FORGE,
    HASH10,
    HASH12,
    INVOKE,
    JOB,
    MIDJOURNEY,
    NOVELAI_COMMENT,
    SHA,
    SWARM,
    avif,
    exif,
    gif,
    iptc,
    jpeg,
    png,
    sound_mp3,
    sound_wav,
    tiff,
    video,
    webp,
    xmp,
)
from pictures import draw

from safelight.types import Grade

PROMPT = "red square"

WEBUI = {
    "software": "Stable Diffusion WebUI (AUTOMATIC1111 form)",
    "model": "shapes_v1",
    "model_hash": HASH10,
}
LORAS = {"lora": "rounded, corners", "lora_hashes": f"{HASH12}, 112233445566"}
COMFY = {"software": "ComfyUI", "model": "shapes_v1.safetensors", "lora": "rounded.safetensors"}
DRAW_THINGS = '{"c": "a red square", "model": "shapes.ckpt", "lora": [{"model": "rounded.ckpt"}]}'


@pytest.mark.parametrize(
    ("content", "mime", "expected"),
    [
        pytest.param(png(texts={"parameters": A1111}), "image/png", WEBUI | LORAS, id="a1111-png"),
        pytest.param(png(texts={"parameters": A1111}, packed="zTXt"), "image/png", WEBUI, id="a1111-ztxt"),
        pytest.param(png(texts={"parameters": A1111}, packed="iTXt"), "image/png", WEBUI, id="a1111-itxt"),
        pytest.param(
            png(texts={"parameters": A1111}, packed="iTXt packed"), "image/png", WEBUI, id="a1111-itxt-packed"
        ),
        pytest.param(jpeg(exif=exif(comment=A1111)), "image/jpeg", WEBUI | LORAS, id="a1111-jpeg"),
        pytest.param(webp(exif=exif(comment=A1111)), "image/webp", WEBUI | LORAS, id="a1111-webp"),
        pytest.param(avif(exif=exif(comment=A1111)), "image/avif", WEBUI | LORAS, id="a1111-avif"),
        pytest.param(
            heic.heic(draw(96, 64), exif=exif(comment=A1111)), "image/heic", WEBUI | LORAS, id="a1111-heic"
        ),
        pytest.param(gif(comment=A1111), "image/gif", WEBUI, id="a1111-gif"),
        pytest.param(
            png(texts={"parameters": FORGE}),
            "image/png",
            {"software": "Stable Diffusion WebUI Forge"},
            id="forge",
        ),
        pytest.param(
            png(texts={"parameters": CIVITAI}),
            "image/png",
            {"model_hash": HASH10, "lora_hashes": f"{HASH12}, 112233445566, aabbccddeeff"},
            id="hashes-json",
        ),
        pytest.param(
            png(texts={"prompt": COMFY_PROMPT, "workflow": COMFY_WORKFLOW}),
            "image/png",
            COMFY,
            id="comfyui-png",
        ),
        pytest.param(
            webp(exif=exif({271: f"Workflow:{COMFY_WORKFLOW}", 272: f"Prompt:{COMFY_PROMPT}"})),
            "image/webp",
            COMFY,
            id="comfyui-webp",
        ),
        pytest.param(
            video(texts={"comment": f'{{"prompt": {COMFY_PROMPT}, "workflow": {COMFY_WORKFLOW}}}'}),
            "video/mp4",
            COMFY,
            id="comfyui-mp4",
        ),
        pytest.param(
            png(texts={"invokeai_metadata": INVOKE}),
            "image/png",
            {
                "software": "InvokeAI",
                "version": "4.2.0",
                "model": "shapes",
                "model_hash": SHA,
                "lora": "rounded",
            },
            id="invokeai",
        ),
        pytest.param(
            png(texts={"Software": "NovelAI", "Source": "Shapes 1A2B", "Comment": NOVELAI_COMMENT}),
            "image/png",
            {"software": "NovelAI", "model": "Shapes 1A2B", "job_id": "request-7", "signature": "present"},
            id="novelai",
        ),
        pytest.param(
            png(texts={"parameters": FOOOCUS}),
            "image/png",
            {"software": "Fooocus", "version": "v2.5.5", "model_hash": HASH10, "lora_hashes": HASH12},
            id="fooocus",
        ),
        pytest.param(
            jpeg(exif=exif(comment=SWARM)),
            "image/jpeg",
            {"software": "SwarmUI", "version": "0.9.5", "model_hash": SHA, "lora_hashes": "cd" * 32},
            id="swarmui",
        ),
        pytest.param(
            png(xmp=xmp(xmp__CreatorTool="Draw Things", exif__UserComment=DRAW_THINGS)),
            "image/png",
            {"software": "Draw Things", "model": "shapes.ckpt", "lora": "rounded.ckpt"},
            id="draw-things",
        ),
        pytest.param(
            png(texts={"Description": MIDJOURNEY}),
            "image/png",
            {"software": "Midjourney", "job_id": JOB},
            id="midjourney-png",
        ),
        pytest.param(
            jpeg(xmp=xmp(dc__description=MIDJOURNEY)),
            "image/jpeg",
            {"software": "Midjourney"},
            id="midjourney-jpeg",
        ),
    ],
)
def test_a_generator_is_read_back(evidence, content, mime, expected):
    found = evidence(content, mime)["generator"]
    assert found.grade is Grade.CLAIMED
    assert expected.items() <= found.detail.items()
    assert "can be copied into any file" in found.summary
    # Prompts are left in the file, unless the operator asks for them.
    assert "prompt" not in found.detail
    assert PROMPT not in repr(found)
    with_prompt = evidence(content, mime, prompts=True)["generator"]
    assert PROMPT in with_prompt.detail["prompt"]


SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
LABELLED = xmp(Iptc4xmpExt__DigitalSourceType=SOURCE, photoshop__Credit="Made with Google AI")
CONTAINERS = {
    "image/jpeg": jpeg(xmp=LABELLED),
    "image/png": png(xmp=LABELLED),
    "image/webp": webp(xmp=LABELLED),
    "image/tiff": tiff(xmp=LABELLED),
    "image/gif": gif(xmp=LABELLED),
    "image/avif": avif(xmp=LABELLED),
    "video/mp4": video(xmp=LABELLED),
    "video/quicktime": video(xmp=LABELLED, brand=b"qt  "),
    "audio/mpeg": sound_mp3(xmp=LABELLED),
    "audio/wav": sound_wav(xmp=LABELLED),
}


@pytest.mark.parametrize("mime", sorted(CONTAINERS))
def test_labels_are_read_in_every_container(evidence, mime):
    found = evidence(CONTAINERS[mime], mime)
    assert found["source_type"].detail == {"source_type": "trainedAlgorithmicMedia"}
    assert "made by a generating system" in found["source_type"].summary
    assert found["credit"].detail == {"credit": "Made with Google AI"}
    assert {item.grade for item in found.values()} == {Grade.CLAIMED}


def test_the_ai_fields_of_2025_are_read_without_the_prompt(evidence):
    packet = xmp(
        Iptc4xmpExt__AISystemUsed="Shape Maker",
        Iptc4xmpExt__AISystemVersionUsed="7",
        Iptc4xmpExt__AIPromptInformation="a red square",
        Iptc4xmpExt__AIPromptWriterName="A. Writer",
    )
    found = evidence(jpeg(xmp=packet), "image/jpeg")["ai_fields"]
    assert found.detail == {"software": "Shape Maker", "version": "7", "prompt_writer": "A. Writer"}
    assert (
        evidence(jpeg(xmp=packet), "image/jpeg", prompts=True)["ai_fields"].detail["prompt"] == "a red square"
    )


def test_a_credit_line_in_iptc_is_read(evidence):
    content = jpeg(iptc=iptc(2, 110, "Edited with Google AI"))
    assert evidence(content, "image/jpeg")["credit"].detail["credit"] == "Edited with Google AI"


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (jpeg(xmp=xmp(TC260__AIGC=AIGC)), "image/jpeg"),
        (png(texts={"AIGC": AIGC}), "image/png"),
        (jpeg(exif=exif(comment=f'{{"AIGC": {AIGC}}}')), "image/jpeg"),
        (video(texts={"AIGC": AIGC}), "video/mp4"),
        (sound_mp3(texts={"AIGC": AIGC}), "audio/mpeg"),
    ],
)
def test_chinas_label_is_read(evidence, content, mime):
    found = evidence(content, mime)["aigc_label"]
    assert found.detail == {
        "label": "1",
        "producer": "Producer 1",
        "job_id": "produced-7",
        "signature": "present",
    }


def test_the_info_of_a_sound_file_is_read(evidence):
    assert evidence(sound_wav(info={"ICMT": A1111}), "audio/wav")["generator"].detail["model"] == "shapes_v1"
    assert (
        evidence(sound_mp3(texts={"comment": A1111}), "audio/mpeg")["generator"].detail["model"]
        == "shapes_v1"
    )
