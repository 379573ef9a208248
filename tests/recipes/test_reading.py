"""A broken recipe is answered with its file, the key, the value and the mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenroom.recipes.reading import RecipeInvalid, read_recipe

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
schema_version = 1
name = "small"
family = "seedvr2"
task = "video-restoration"
title = "Small"
summary = "For tests."
default = "fp16"

[[licences]]
part = "weights"
id = "Apache-2.0"
source = "stated"

[[files]]
role = "config"
repository = "someone/small"
path = "config.json"

[[variants]]
name = "fp16"

[[variants.files]]
role = "weights"
repository = "someone/small"
path = "small.safetensors"
size = { bytes = 1_000, source = "stated" }
digest = { sha256 = "0000000000000000000000000000000000000000000000000000000000000000", source = "stated" }

[[memory]]
precision = "bf16"
counts = "peak"
bytes = 2_000
source = "measured"
workload = "a test"
"""

# what is replaced, by what, what the message says after the file's name, how the mend begins
BROKEN = [
    ("schema_version = 1", "schema_version = 2", ": schema_version is 2: input should be 1", "give schema_version: 1"),
    ("schema_version = 1", "", ": schema_version is missing", "add schema_version: 1"),
    ("family =", "famly =", ": there is no key famly (its value is 'seedvr2')", "did you mean family? known: "),
    ('"seedvr2"', '"seedvr"', ": family is 'seedvr': input should be 'voice'", "give family: "),
    ("bytes = 1_000", "byte = 1_000", ": there is no key variants[0].files[0].size.byte", "did you mean bytes?"),
    ("1_000", "-1", ": variants[0].files[0].size.bytes is -1: input should be greater than 0", "give variants[0]"),
    ("1_000", "0", ": variants[0].files[0].size.bytes is 0: input should be greater", "give variants[0]"),
    (
        "1_000",
        '"1 kB"',
        ": variants[0].files[0].size.bytes is '1 kB': input should be a valid integer",
        "give variants",
    ),
    (
        "1_000",
        "1000.0",
        ": variants[0].files[0].size.bytes is 1000.0: input should be a valid integer",
        "give variants",
    ),
    ("2_000", "true", ": memory[0].bytes is True: input should be a valid integer", "give memory[0].bytes: a whole"),
    ('"measured"', '"guessed"', ": memory[0].source is 'guessed': input should be 'measured'", "give memory[0].source"),
    (
        '"0000',
        '"000',
        ": variants[0].files[0].digest.sha256 is '000",
        "give variants[0].files[0].digest.sha256: 64 hex",
    ),
    ('"0000', '"A000', ": variants[0].files[0].digest.sha256 is 'A000", "give variants[0].files[0].digest.sha256: 64"),
    (
        "Apache-2.0",
        "Apache 2.0",
        ": licences[0].id is 'Apache 2.0': it has another form",
        "give licences[0].id: an SPDX",
    ),
    ('source = "stated"\n\n[[files', "\n[[files", ": licences[0] is {'part': 'weights'", "give licences[0]: "),
    ('part = "weights"', 'part = "code"', ": licences is [{'part': 'code'", "give licences: one table a part; weights"),
    ("config.json", "../config.json", ": files[0].path is '../config.json': it must lead down", "give files[0].path: "),
    ("config.json", "/config.json", ": files[0].path is '/config.json': it must lead down", "give files[0].path: "),
    ("config.json", "a//b.json", ": files[0].path is 'a//b.json': it must lead down", "give files[0].path: "),
    ("config.json", "small.safetensors", ": variants is [{'name': 'fp16'", "give variants: alternative file sets"),
    (
        'default = "fp16"',
        'default = "fp8"',
        ": default is 'fp8': the variants are fp16",
        "give default: the name of one",
    ),
    ('default = "fp16"', "", ": default is None: the variants are fp16", "give default: the name of one"),
    (
        'default = "fp16"',
        'default = "fp16"\ncomponents = ["a", "a"]',
        ": components is ['a', 'a']: component a",
        "give",
    ),
    ('name = "small"', 'name = "Small"', ": name is 'Small': it has another form", "give name: the file's name"),
    (
        'name = "small"',
        'name = "other"',
        ": name is 'other', and the file is small.toml",
        "rename the file to other.toml",
    ),
    ("1_000", "1_000,,", " is not TOML: ", "mend that line"),
]


@pytest.mark.parametrize(
    ("old", "new", "message", "mend"), BROKEN, ids=[f"{new or old}"[:40] for old, new, *_ in BROKEN]
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str, mend: str) -> None:
    file = tmp_path / "small.toml"
    file.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(RecipeInvalid) as caught:
        read_recipe(file)
    assert caught.value.message.startswith(f"{file}{message}")
    assert caught.value.mend.startswith(mend)
    assert caught.value.code == "recipe-invalid"


def test_a_good_recipe_loads_with_what_is_unknown_left_unknown(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(GOOD)
    known = read_recipe(tmp_path / "small.toml")
    config, weights = known.file_set()
    assert (config.size, config.digest, config.revision, known.parameters) == (None, None, None, None)
    assert weights.size is not None
    assert weights.size.bytes == 1000


def test_a_recipe_without_any_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(GOOD.split("[[files]]", maxsplit=1)[0].replace('default = "fp16"', ""))
    with pytest.raises(RecipeInvalid, match="names at least one file"):
        read_recipe(tmp_path / "small.toml")


def test_an_absent_file_is_a_broken_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid, match="cannot be read: No such file"):
        read_recipe(tmp_path / "small.toml")


def test_bytes_that_are_not_utf8_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_bytes(GOOD.encode().replace(b"For tests.", b"F\xfcr tests."))
    with pytest.raises(RecipeInvalid, match="is not UTF-8"):
        read_recipe(tmp_path / "small.toml")
