"""Which extras a model takes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from greenroom.errors import UnknownName
from greenroom.machine.environments.parts import GAINS, NEEDS, OFFERED, Parts, parts_for
from greenroom.models import registry
from greenroom.recipes.catalogue import recipe

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_families_add_up_and_what_is_needed_is_not_gained_besides() -> None:
    assert parts_for(["voice", "f5tts", "voice"]) == Parts(("captions", "models", "voice"), ("serve",))
    assert parts_for(["voice"], ["google", "voice"]) == Parts(("voice",), ("serve", "google"))


def test_parts_are_extras_of_greenroom() -> None:
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"].keys()
    assert {*OFFERED, *GAINS, *(extra for needs in NEEDS.values() for extra in needs)} <= extras


def test_every_model_that_is_served_has_its_parts() -> None:
    for name in registry._CLASSES:
        assert recipe(name).family in NEEDS


def test_an_unknown_part_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(UnknownName, match="no part 'gogle'"):
        parts_for(["voice"], ["gogle"])
