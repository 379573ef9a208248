"""The published models as they are found and loaded, or named with what is missing; and a served request."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from greenroom.errors import GreenroomError, UnknownName
from greenroom.media.audio import read_audio
from greenroom.models.foley.engine import Engine
from greenroom.models.foley.model import FoleyModel, FoleySmall, Sources
from greenroom.models.foley.planning.plan import plan
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.sounding.outlook import USUAL
from greenroom.models.model import Work
from greenroom.models.registry import find
from greenroom.recipes.inputs.foley import FoleyFileInputs
from greenroom.runtime import rooms
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import Room
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
    assert (served.concurrency, served.streams, served.has_smaller_plan) == (1, False, True)
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


@pytest.mark.parametrize(
    ("variant", "precision", "taken", "said"),
    [
        (None, None, "bf16", ""),
        ("fp8_e5m2", None, "fp8", "stored in eight bits (fp8_e5m2)"),
        ("fp8_e5m2", "bf16", "bf16", "stored in eight bits (fp8_e5m2)"),
        (None, "fp8", "fp8", "rounded to eight bits (fp8)"),
    ],
)
def test_eight_bits_are_taken_where_they_are_stored_or_asked_for_and_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variant: str | None,
    precision: str | None,
    taken: str,
    said: str,
) -> None:
    asked: list[str] = []

    def load(*_: object, way: Way, precision: str) -> Engine:
        asked.append(precision)
        return Engine(tiny_parts(), way)

    def sources(settings: object, variant: str | None = None) -> Sources:
        return Sources(TINY, tiny_files(tmp_path), variant or "bf16-safetensors")

    monkeypatch.setattr(Engine, "load", load)
    monkeypatch.setattr(FoleySmall, "sources", sources)
    monkeypatch.setattr(rooms, "room_of", lambda device, who: Room("cpu", 10**12))
    model = FoleySmall.load("cpu", variant, precision)
    assert asked == [taken]
    (tmp_path / "work").mkdir()
    inputs = FoleyFileInputs.check({"prompt": "rain", "seconds": 0.7, "steps": 10})
    made = model.generate(inputs, Work(tmp_path / "work"))
    notes = " ".join(cast("list[str]", made.output["notes"]))
    assert said in notes
    assert bool(said) == ("eight bits" in notes)


def test_on_a_small_card_it_is_loaded_as_it_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways: list[Way] = []

    def load(*_: object, way: Way, precision: str) -> Engine:
        ways.append(way)
        return Engine(tiny_parts())

    monkeypatch.setattr(Engine, "load", load)
    monkeypatch.setattr(FoleySmall, "sources", lambda *_: Sources(TINY, tiny_files(tmp_path), "bf16"))
    for free in (80, 8, 5):
        room = Room("cuda:0", free * 10**9, 64 * 10**9, "NVIDIA L4")
        monkeypatch.setattr(rooms, "room_of", lambda device, who, room=room: room)
        FoleySmall.load("cuda:0")
    whole, parked, streamed = ways
    assert (whole.parked, whole.resident) == (False, None)
    assert parked.parked
    assert streamed.resident is not None
    monkeypatch.setattr(rooms, "room_of", lambda device, who: Room("cuda:0", 10**9, 64 * 10**9))
    with pytest.raises(MemoryShort):
        FoleySmall.load("cuda:0")
    assert len(ways) == 3


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_memory_is_that_of_the_plan_of_a_usual_request(name: str) -> None:
    served = find(name).model
    assert issubclass(served, FoleyModel)
    room = Room("cuda:0", 80 * 10**9, 64 * 10**9, "NVIDIA H100 80GB HBM3")
    planned = plan(served.networks(), USUAL, room)
    assert (planned.way.parked, planned.way.resident) == (False, None)
    assert room.needed(planned.bytes) <= served.memory <= 1.05 * room.needed(planned.bytes)
    plan(served.networks(), USUAL, replace(room, free=served.least_memory))
    with pytest.raises(MemoryShort):
        plan(served.networks(), USUAL, replace(room, free=served.least_memory - 100_000_000))


def test_a_request_tells_its_plan(tiny: TinyFoley, tmp_path: Path) -> None:
    told: list[tuple[str, Mapping[str, Any]]] = []
    inputs = FoleyFileInputs.check({"prompt": "rain", "seconds": 0.7, "steps": 10, "samples": 2})
    made = tiny.generate(inputs, Work(tmp_path, tell=lambda kind, data: told.append((kind, data))))
    [(kind, plan)] = told
    assert kind == "plan"
    assert json.loads(json.dumps(plan)) == plan
    assert (plan["model"], plan["samples"], plan["windows"]) == ("hunyuanvideo-foley-xl", 2, 1)
    assert 0 < plan["weights"] < plan["bytes"]
    assert str(tmp_path) not in json.dumps(plan)
    assert made.output["precision"] == "bf16"


def test_the_smaller_plan_gives_the_same_sound(tiny: TinyFoley, tmp_path: Path) -> None:
    inputs = FoleyFileInputs.check({"prompt": "rain", "seconds": 0.7, "steps": 10})
    sounds = []
    for small in (False, True):
        folder = tmp_path / str(small)
        folder.mkdir()
        sounds.append(read_audio(tiny.generate(inputs, Work(folder, small=small)).files[0].path).samples)
    np.testing.assert_allclose(sounds[0], sounds[1], atol=1e-3)


def test_memory_grows_before_torch_is_there() -> None:
    """In a process of its own: what is set after torch is imported comes too late."""
    code = (
        "import os, sys\n"
        "from greenroom.models.foley.model import FoleySmall\n"
        "os.environ.pop('PYTORCH_CUDA_ALLOC_CONF', None), os.environ.pop('PYTORCH_ALLOC_CONF', None)\n"
        "def sources(settings, variant=None):\n"
        "    print(os.environ['PYTORCH_CUDA_ALLOC_CONF'], 'torch' in sys.modules)\n"
        "    raise SystemExit\n"
        "FoleySmall.sources = sources\n"
        "FoleySmall.load('cuda:0')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["expandable_segments:True", "False"], done.stderr
