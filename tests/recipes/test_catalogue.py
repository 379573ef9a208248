"""Recipes by name: the packaged ones, and folders of broken ones."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from greenroom.errors import UnknownName
from greenroom.recipes.catalogue import Catalogue, catalogue, names, recipe, with_components
from greenroom.recipes.reading import RecipeInvalid

if TYPE_CHECKING:
    from pathlib import Path

PART = """
schema_version = 1
name = "{name}"
family = "foley"
task = "component"
title = "A part"
summary = "For tests."
components = {components}

[[licences]]
part = "weights"

[[files]]
role = "weights"
repository = "someone/part"
path = "part.safetensors"
"""


def shelf(folder: Path, **components: list[str]) -> Catalogue:
    for name, needs in components.items():
        (folder / f"{name}.toml").write_text(PART.format(name=name, components=needs))
    return Catalogue(folder)


def test_every_packaged_recipe_loads_and_its_parts_exist() -> None:
    assert tuple(known.name for known in catalogue()) == names()


@pytest.mark.parametrize(
    "name", ["f5tts-v1-base", "seedvr2-3b", "hunyuanvideo-foley-xxl", "steadydancer-14b", "voice-joe"]
)
def test_the_names_users_type_are_there(name: str) -> None:
    assert recipe(name).name == name


def test_a_misspelt_name_is_answered_with_the_likeliest() -> None:
    with pytest.raises(UnknownName) as caught:
        recipe("seedvr2-3B")
    assert caught.value.message == "there is no model 'seedvr2-3B'"
    assert caught.value.mend.startswith("did you mean seedvr2-3b?")


@pytest.mark.parametrize("name", ["", "../secrets", "f5tts-v1-base.toml"])
def test_names_that_are_paths_are_unknown_names(name: str) -> None:
    with pytest.raises(UnknownName):
        recipe(name)


def test_asking_for_one_recipe_reads_no_other(tmp_path: Path) -> None:
    known = shelf(tmp_path, whole=[])
    (tmp_path / "broken.toml").write_text("= not toml")
    assert known.recipe("whole").title == "A part"
    with pytest.raises(RecipeInvalid, match="is not TOML"):
        known.recipes()


def test_a_recipe_is_read_once(tmp_path: Path) -> None:
    known = shelf(tmp_path, whole=[])
    first = known.recipe("whole")
    (tmp_path / "whole.toml").unlink()
    assert known.recipe("whole") is first


def test_components_come_once_each_after_what_needs_them(tmp_path: Path) -> None:
    known = shelf(tmp_path, model=["left", "right"], left=["shared"], right=["shared"], shared=[])
    assert [part.name for part in known.with_components("model")] == ["model", "left", "shared", "right"]


def test_the_parts_of_the_larger_foley() -> None:
    parts = [part.name for part in with_components("hunyuanvideo-foley-xxl")[1:]]
    assert parts == ["siglip2-base-patch16-512", "clap-larger-general", "synchformer", "dac-vae-48khz"]


def test_a_component_that_is_no_recipe_is_named_with_the_likeliest(tmp_path: Path) -> None:
    known = shelf(tmp_path, model=["shard"], shared=[])
    with pytest.raises(RecipeInvalid) as caught:
        known.recipe("model")
    assert caught.value.message == f"{tmp_path / 'model.toml'}: components[0] is 'shard': there is no such recipe"
    assert caught.value.mend == "did you mean shared?"


def test_a_circle_of_components_is_drawn(tmp_path: Path) -> None:
    known = shelf(tmp_path, first=["second"], second=["third"], third=["second"])
    with pytest.raises(RecipeInvalid) as caught:
        known.recipes()
    assert caught.value.message.endswith("third.toml: components holds 'second', and second needs third needs second")
    assert caught.value.mend == "take second out of the components of third"


def test_a_recipe_that_needs_itself_is_a_circle(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid, match="alone needs alone"):
        shelf(tmp_path, alone=["alone"]).recipes()


def test_listing_names_imports_nothing_heavy() -> None:
    code = (
        "import sys; from greenroom.recipes.catalogue import names; names();"
        "print(sorted({'pydantic', 'tomllib', 'numpy', 'torch'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
