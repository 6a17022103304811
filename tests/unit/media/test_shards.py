"""Shards are told by the names that writers give them; which are missing is said."""

from __future__ import annotations

import pytest

from safelight.media.shards import ShardSet, is_shard, shard_sets


def test_shards_of_one_model_are_one_set_whatever_their_order() -> None:
    names = ["model-00002-of-00002.safetensors", "config.json", "model-00001-of-00002.safetensors"]
    assert list(shard_sets(names)) == [
        ShardSet("model-*-of-00002.safetensors", (names[2], names[0])),
    ]


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (["m-00002-of-00003.gguf"], ["m-00001-of-00003.gguf", "m-00003-of-00003.gguf"]),
        (["m-00000-of-00002.bin", "m-00001-of-00002.bin"], []),
        (["m-00000-of-00003.bin"], ["m-00001-of-00003.bin", "m-00002-of-00003.bin"]),
        (["m-1-of-2.safetensors"], ["m-2-of-2.safetensors"]),
        (["m-1-of-2.bin", "m-01-of-2.bin", "m-02-of-2.bin"], []),
        (
            ["m-00001-of-000002.safetensors", "m-00009-of-000002.safetensors"],
            ["m-00002-of-000002.safetensors"],
        ),
    ],
)
def test_which_shards_are_missing(there: list[str], missing: list[str]) -> None:
    (shards,) = shard_sets(there)
    assert list(shards.names) == there
    assert list(shards.missing) == missing


def test_folders_forms_and_stems_are_kept_apart() -> None:
    names = [
        f"{folder}{stem}-{n:05d}-of-00002.{ending}"
        for folder in ("a/", "b/")
        for stem in ("model", "other")
        for ending in ("safetensors", "bin")
        for n in (1, 2)
    ]
    sets = list(shard_sets(names))
    assert len(sets) == 8
    assert not any(each.missing for each in sets)


@pytest.mark.parametrize("name", ["model.safetensors", "m-00001-of-00002.png", "m-1-of.gguf", "1-of-2.gguf"])
def test_other_names_are_of_no_shard(name: str) -> None:
    assert not is_shard(name)
    assert not list(shard_sets([name]))


def test_an_index_says_that_files_under_other_names_are_one_model() -> None:
    beside = ["x/a.safetensors", "x/b.safetensors"]
    names = ["x/model.safetensors.index.json", *beside, "x/c.bin", "y/d.safetensors"]
    assert list(shard_sets(names)) == [ShardSet("x/*.safetensors", tuple(beside))]
    assert not list(shard_sets(names[1:]))
    named = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    assert [one.names for one in shard_sets([*names[:1], "a.safetensors", *named])] == [tuple(named)]
    (one,) = shard_sets(["model.safetensors.index.json", "whole.safetensors", *named])
    assert one.names == tuple(named)


def test_one_of_one_and_absurd_numbers_make_no_set() -> None:
    assert not list(shard_sets(["m-00001-of-00001.gguf", "m-00001-of-99999.gguf"]))
