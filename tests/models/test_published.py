"""Models of the catalogue: their files in one variant or another, and their licences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from greenroom.errors import UnknownName
from greenroom.models.published import InVariants, PublishedModel
from greenroom.settings import Settings
from greenroom.weights.store.finding import Need, WeightsMissing
from tests.weights.store.test_finding import in_folder

NAME = "seedvr2-3b"
VAE = Need("seedvr2-vae", "weights")


class Restoring(InVariants):
    """Two files, one of them in variants."""

    known: ClassVar[str] = NAME

    @classmethod
    def needs(cls, variant: str) -> tuple[Need, ...]:
        return Need(NAME, "weights", variant=variant), VAE


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(weights=tmp_path, hf_hub_cache=tmp_path / "hub")


def test_the_default_is_taken_where_nothing_or_all_is_here(settings: Settings, tmp_path: Path) -> None:
    assert Restoring.variant_here(settings) == "fp16"
    in_folder(tmp_path, Need(NAME, "weights", variant="q8_0"))
    assert Restoring.variant_here(settings) == "q8_0"
    in_folder(tmp_path, Need(NAME, "weights"))
    assert Restoring.variant_here(settings) == "fp16"


def test_what_is_asked_for_is_taken_here_or_not(settings: Settings, tmp_path: Path) -> None:
    in_folder(tmp_path, Need(NAME, "weights"))
    assert Restoring.variant_here(settings, "q8_0") == "q8_0"
    with pytest.raises(UnknownName, match="variant of seedvr2-3b"):
        Restoring.variant_here(settings, "q2_k")


def test_files_come_in_the_order_of_needs_or_are_named(settings: Settings, tmp_path: Path) -> None:
    vae = in_folder(tmp_path, VAE)
    with pytest.raises(WeightsMissing, match="1 file is missing") as caught:
        Restoring.found(settings, "q8_0")
    assert "--variant q8_0" in caught.value.mend
    small = in_folder(tmp_path, Need(NAME, "weights", variant="q8_0"))
    assert Restoring.found(settings, "q8_0") == (small, vae)


def test_licences_are_those_of_the_recipe() -> None:
    class Foley(PublishedModel):
        known = "hunyuanvideo-foley-xl"

    assert Foley.terms()[0].startswith("territory: ")
    assert Foley.notice().startswith("not in the EU, UK, South Korea; ")


def test_those_of_its_components_are_among_them() -> None:
    class Foley(PublishedModel):
        known = "hunyuanvideo-foley-xl"

    assert any("Synchformer" in said for said in Foley.terms())
    assert "Synchformer: no known licence" in Foley.notice()


def test_it_is_imported_without_anything_heavy() -> None:
    code = "import sys, greenroom.models.published; print([name for name in ('torch', 'numpy') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
