"""The published models as they are found and loaded, or named with what is missing; and a served request."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.errors import GreenroomError, UnknownName
from greenroom.models.foley.engine import Engine
from greenroom.models.foley.model import FoleyModel, FoleySmall, Sources
from greenroom.models.model import Work
from greenroom.models.registry import find
from greenroom.recipes.inputs.foley import FoleyFileInputs
from tests.media.video.clips import video
from tests.models.foley.networks import TINY
from tests.models.foley.tiny import TinyFoley
from tests.models.foley.whole_parts import tiny_files, tiny_parts

PUBLISHED = ("hunyuanvideo-foley-xl", "hunyuanvideo-foley-xxl")


@pytest.fixture(scope="module")
def tiny() -> TinyFoley:
    return TinyFoley.load("cpu")


@pytest.mark.parametrize("name", PUBLISHED)
def test_without_weights_it_says_what_to_get_and_where_it_may_not_be_used(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("GREENROOM_WEIGHTS", str(tmp_path))
    served = find(name)
    assert issubclass(served.model, FoleyModel)
    assert (served.concurrency, served.streams) == (1, False)
    with pytest.raises(GreenroomError) as caught:
        served.model.load("cpu")
    assert caught.value.code == "weights-missing"
    assert "6 files are missing" in caught.value.message
    assert "not in the EU, UK, South Korea" in caught.value.message
    assert caught.value.mend.startswith(f"greenroom pull {name}; ")


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_territory_is_the_first_of_the_terms(name: str) -> None:
    served = find(name).model
    assert issubclass(served, FoleyModel)
    assert served.terms()[0].startswith("territory: No rights are granted in the European Union")
    assert served.notice().startswith("not in the EU, UK, South Korea; ")


def test_a_served_request_gives_videos_and_facts(tiny: TinyFoley, tmp_path: Path) -> None:
    clip = video(tmp_path / "in.mp4", frames=20)
    (tmp_path / "work").mkdir()
    inputs = FoleyFileInputs.check({"video": str(clip), "steps": 10, "samples": 2, "wav": True})
    made = tiny.generate(inputs, Work(tmp_path / "work"))
    names = ["sound-1.mp4", "sound-2.mp4", "sound-1.wav", "sound-2.wav"]
    assert [file.path.name for file in made.files] == names
    assert all(file.path.is_file() for file in made.files)
    said = json.loads(json.dumps(made.output, allow_nan=False))
    assert [sample["file"] for sample in said["samples"]] == names[:2]
    assert said["length_s"] == 0.8
    assert str(tmp_path) not in json.dumps(said)


@pytest.mark.parametrize(("asked", "name"), [({}, "sound.wav"), ({"format": "mp3", "wav": True}, "sound.mp3")])
def test_words_alone_become_sound(tiny: TinyFoley, tmp_path: Path, asked: dict[str, object], name: str) -> None:
    inputs = FoleyFileInputs.check({"prompt": "rain", "seconds": 0.7, "steps": 10, **asked})
    assert tiny.generate(inputs, Work(tmp_path)).files[0].path.name == name


def test_warming_up_leaves_nothing(tiny: TinyFoley, tmp_path: Path) -> None:
    told: list[str] = []
    tiny.warm_up(Work(tmp_path, step=lambda stage, done, total: told.append(stage)))
    assert told == ["warming", "warming"]
    assert [*tmp_path.iterdir()] == []


def test_the_class_is_imported_without_its_engine() -> None:
    code = "import sys, greenroom.models.foley.model; print([name for name in ('torch', 'av') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_another_file_set_is_found_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("GREENROOM_WEIGHTS", str(tmp_path))
    with pytest.raises(GreenroomError, match="hunyuanvideo_foley_xl_fp8_e4m3fn") as caught:
        FoleySmall.load("cpu", "fp8_e4m3fn")
    assert "--variant fp8_e4m3fn" in caught.value.mend
    with pytest.raises(UnknownName):
        FoleySmall.load("cpu", "fp4")


def test_eight_bits_are_taken_where_they_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def load(*_: object, quantised: bool) -> Engine:
        asked.append(quantised)
        return Engine(tiny_parts())

    def sources(settings: object, variant: str | None = None) -> Sources:
        return Sources(TINY, tiny_files(tmp_path), variant or "bf16-safetensors")

    monkeypatch.setattr(Engine, "load", load)
    monkeypatch.setattr(FoleySmall, "sources", sources)
    for variant in (None, "fp8_e5m2"):
        FoleySmall.load("cpu", variant)
    assert asked == [False, True]
