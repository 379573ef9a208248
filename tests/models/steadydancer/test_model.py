"""The published model as it is found and loaded, or named with what is missing; and a served request."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from greenroom.errors import Cancelled, GreenroomError, UnknownName
from greenroom.models.model import MadeFile, Work
from greenroom.models.registry import find
from greenroom.models.steadydancer.animating import loras as lora_files
from greenroom.models.steadydancer.animating.loras import LoraFile
from greenroom.models.steadydancer.animating.outlook import USUAL
from greenroom.models.steadydancer.animating.previewing import PoseFiles
from greenroom.models.steadydancer.dancer import checkpoint
from greenroom.models.steadydancer.engine import Engine
from greenroom.models.steadydancer.model import Sources, SteadyDancer14B, SteadyDancerModel
from greenroom.models.steadydancer.parts import Files
from greenroom.models.steadydancer.planning.plan import plan
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.pose.errors import PoseNetworkWrong
from greenroom.recipes.catalogue import recipe
from greenroom.recipes.inputs.steadydancer import AnimateFileInputs
from greenroom.runtime import rooms
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import Room
from tests.media.video.clips import planes_of
from tests.models.steadydancer.pose.bodies import write_networks
from tests.models.steadydancer.tiny import TinySteadyDancer, driver_file, engine, picture_file, small_sizes

NAME = "steadydancer-14b"


@pytest.fixture(scope="module")
def tiny() -> TinySteadyDancer:
    return TinySteadyDancer.load("cpu")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_sizes(monkeypatch)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without weights."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("GREENROOM_WEIGHTS", str(tmp_path))
    return tmp_path


def inputs(folder: Path, **more: Any) -> AnimateFileInputs:
    picture, video = picture_file(folder / "me.png"), driver_file(folder / "dance.mp4")
    asked = {"picture": str(picture), "video": str(video), "prompt": "a person dances", "steps": 4, "seed": 3}
    return AnimateFileInputs.check({**asked, "pose_seed": 4, **more})


def work(folder: Path, name: str = "work", **more: Any) -> Work:
    made = folder / name
    made.mkdir()
    return Work(made, **more)


@pytest.mark.usefixtures("empty")
def test_without_weights_it_says_what_to_get_and_that_no_licence_is_known() -> None:
    served = find(NAME)
    assert issubclass(served.model, SteadyDancerModel)
    assert (served.concurrency, served.streams, served.has_smaller_plan) == (1, False, True)
    with pytest.raises(GreenroomError) as caught:
        served.model.load("cpu")
    assert caught.value.code == "weights-missing"
    assert "7 files are missing" in caught.value.message
    assert "no known licence" in caught.value.message
    assert caught.value.mend.startswith(f"greenroom pull {NAME}; ")


@pytest.mark.usefixtures("empty")
def test_a_preview_needs_two_files_alone() -> None:
    from greenroom.settings import resolve

    with pytest.raises(GreenroomError, match="2 files are missing") as caught:
        SteadyDancer14B.pose_files(resolve().settings)
    assert caught.value.code == "weights-missing"
    assert caught.value.mend.startswith("greenroom pull dwpose-l-384 yolox-l; ")


@pytest.mark.parametrize("variant", [one.name for one in recipe(NAME).variants])
def test_every_file_set_has_all_that_is_needed(variant: str) -> None:
    paths = [need.file.path for need in SteadyDancer14B.needs(variant)]
    assert len(paths) == len(set(paths)) == 7
    assert paths[3] == "google/umt5-xxl/tokenizer.json"
    assert [Path(path).name for path in paths[5:]] == ["dw-ll_ucoco_384.onnx", "yolox_l.onnx"]


@pytest.mark.parametrize(
    ("variant", "names"), [("upstream", ("-00001-of-00002", "-00002-of-00002")), ("fp8_e4m3fn_scaled", ("",))]
)
def test_a_denoiser_is_one_file_or_all_of_the_makers(empty: Path, variant: str, names: tuple[str, ...]) -> None:
    from greenroom.settings import resolve

    settings, files = resolve().settings, [need.file for need in SteadyDancer14B.needs(variant)]
    for file in files:
        for name in names if file == files[0] else ("",):
            place = empty / file.repository / file.path.replace("-*", name)
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as made:
                made.truncate(file.size.bytes if file.size and file.size.is_sure else 100)
    found = SteadyDancer14B.sources(settings, variant).files
    shards = [found.denoiser] if isinstance(found.denoiser, Path) else found.denoiser
    assert len(shards) == len(names)
    assert all(path.name.endswith(f"{name}.safetensors") for path, name in zip(shards, names, strict=True))
    assert found.tokenizer.name == "tokenizer.json"
    identity = SteadyDancer14B.identity(settings, variant)
    assert all(f"{path.name} of 100 bytes" in identity for path in shards)
    assert SteadyDancer14B.variant_here(settings) == variant


@pytest.mark.usefixtures("empty")
def test_another_file_set_is_found_and_named() -> None:
    with pytest.raises(GreenroomError, match="fp8_e4m3fn_scaled_KJ") as caught:
        SteadyDancer14B.load("cpu", "fp8_e4m3fn_scaled")
    assert "--variant fp8_e4m3fn_scaled" in caught.value.mend
    with pytest.raises(UnknownName):
        SteadyDancer14B.load("cpu", "fp4")


def test_an_onnx_file_of_the_wrong_network_is_named(tmp_path: Path) -> None:
    detector, keypoints = write_networks(tmp_path)
    with pytest.raises(PoseNetworkWrong, match=r"'dw-ll_ucoco_384\.onnx' is not the person detector"):
        PoseFiles(keypoints=detector, detector=keypoints).load("cpu")


def test_a_served_request_gives_a_clip_a_preview_and_facts(tiny: TinySteadyDancer, tmp_path: Path) -> None:
    told: list[tuple[str, Mapping[str, Any]]] = []
    shown: list[MadeFile] = []
    made = tiny.generate(
        inputs(tmp_path), work(tmp_path, tell=lambda kind, data: told.append((kind, data)), show=shown.append)
    )
    assert [file.path.name for file in made.files] == ["clip.mp4", "preview.png"]
    assert all(file.path.is_file() for file in made.files)
    said = json.loads(json.dumps(made.output, allow_nan=False))
    assert (said["frames"], said["size"], said["seed"]) == (9, "64x64", 3)
    assert str(tmp_path) not in json.dumps(said)
    assert [kind for kind, _ in told] == ["plan", "poses"]
    (_, planned), (_, found) = told
    assert json.loads(json.dumps(planned)) == planned
    assert (planned["model"], planned["frames"], planned["windows"]) == (NAME, 9, 1)
    assert "stages" not in planned
    assert {one["severity"] for one in found["findings"]} == {"note"}
    assert [file.path.name for file in shown] == ["preview.png"]


def test_a_preview_is_no_clip(tiny: TinySteadyDancer, tmp_path: Path) -> None:
    made = tiny.generate(inputs(tmp_path, preview=True), work(tmp_path))
    assert [file.path.name for file in made.files] == ["preview.png", "preview-frames.png"]
    assert made.output["preview"] is True


@pytest.mark.parametrize("form", ["mov", "mkv", "webm"])
def test_the_container_is_the_one_that_is_asked_for(tiny: TinySteadyDancer, tmp_path: Path, form: str) -> None:
    made = tiny.generate(inputs(tmp_path, format=form, steps=1), work(tmp_path))
    assert made.files[0].path.name == f"clip.{form}"


def test_an_attempt_goes_on_with_what_the_one_before_kept(tiny: TinySteadyDancer, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()

    def stop(stage: str, done: float, _: float) -> None:
        if (stage, done) == ("sampling", 6):
            raise Cancelled("stopped", mend="")

    asked = inputs(tmp_path)
    with pytest.raises(Cancelled):
        tiny.generate(asked, work(tmp_path, "first", kept=kept, step=stop))
    made = tiny.generate(asked, work(tmp_path, "second", kept=kept))
    assert made.output["resumed"] > 0
    calm = tiny.generate(asked, work(tmp_path, "calm"))
    assert planes_of(made.files[0].path) == planes_of(calm.files[0].path)
    assert list(kept.iterdir()) == []
    # Of another request it begins anew, and says so.
    with pytest.raises(Cancelled):
        tiny.generate(asked, work(tmp_path, "third", kept=kept, step=stop))
    other = tiny.generate(inputs(tmp_path, guidance=3), work(tmp_path, "fourth", kept=kept))
    assert any("begun anew, since" in note and "guidance was 5.0 and is 3.0" in note for note in other.output["notes"])


def test_warming_up_leaves_nothing(tiny: TinySteadyDancer, tmp_path: Path) -> None:
    told: list[str] = []
    tiny.warm_up(Work(tmp_path, step=lambda stage, done, total: told.append(stage)))
    assert told == ["warming", "warming"]
    assert [*tmp_path.iterdir()] == []


def test_the_class_is_imported_without_its_engine() -> None:
    code = (
        "import sys, greenroom.models.steadydancer.model;"
        " print([name for name in ('torch', 'av', 'cv2', 'onnxruntime') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("variant", "precision", "taken", "said"),
    [
        (None, None, "bf16", ""),
        ("fp8_e4m3fn_scaled", None, "fp8", "stored in few bits (fp8_e4m3fn_scaled)"),
        ("q4_k_m", None, "fp8", "stored in few bits (q4_k_m)"),
        (None, "fp8", "fp8", "rounded to eight bits"),
        (None, "fp8-products", "fp8-products", "products are made in eight bits"),
    ],
)
def test_it_is_loaded_by_the_plan_of_a_usual_request(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variant: str | None,
    precision: str | None,
    taken: str,
    said: str,
) -> None:
    loaded: list[tuple[Way, str]] = []

    def load(_sizes: object, _files: object, _device: str, *, way: Way, precision: str, loras: object) -> Engine:
        assert loras == ()
        loaded.append((way, precision))
        return engine()

    files = Files(*[tmp_path] * 5)
    sources = Sources(cast("Any", None), files, cast("Any", None), variant or "fp16")
    monkeypatch.setattr(SteadyDancer14B, "sources", classmethod(lambda *_: replace(sources)))
    monkeypatch.setattr(SteadyDancer14B, "identity", classmethod(lambda *_: "tiny"))
    monkeypatch.setattr(Engine, "load", load)
    asked: list[object] = []
    monkeypatch.setattr(checkpoint, "stored_in", lambda *given: asked.append(given))
    monkeypatch.setattr(rooms, "room_of", lambda *_: Room("cuda:0", 80 * 10**9, 128 * 10**9, "NVIDIA H100 80GB HBM3"))
    model = SteadyDancer14B.load("cuda:0", variant, precision)
    [(way, held)] = loaded
    assert (way.parked, way.resident, held) == (False, None, taken)
    assert asked == ([] if taken == "bf16" else [(tmp_path, ())]), "matrices may stay as a file has them"
    notes = model._animator.made.notes
    assert any(said in note for note in notes) if said else notes == ()
    monkeypatch.setattr(rooms, "room_of", lambda *_: Room("cuda:0", 10**9, 128 * 10**9))
    with pytest.raises(MemoryShort):
        SteadyDancer14B.load("cuda:0", variant, precision)


def test_what_loras_change_is_planned_as_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounded anew, and not as small as the file has it."""
    lora, seen = object(), list[object]()

    def stored_in(_path: object, loras: object) -> None:
        seen.append(loras)

    def load(*_: object, loras: object, **__: object) -> Engine:
        seen.append(loras)
        return engine()

    sources = Sources(cast("Any", None), Files(*[tmp_path] * 5), cast("Any", None), "q4_k_m")
    monkeypatch.setattr(SteadyDancer14B, "sources", classmethod(lambda *_: sources))
    monkeypatch.setattr(SteadyDancer14B, "identity", classmethod(lambda *_: "tiny"))
    monkeypatch.setattr(Engine, "load", load)
    monkeypatch.setattr(checkpoint, "stored_in", stored_in)
    monkeypatch.setattr(lora_files, "opened", lambda files, _: [lora] if files else [])
    monkeypatch.setattr(rooms, "room_of", lambda *_: Room("cuda:0", 80 * 10**9, 128 * 10**9, "NVIDIA H100 80GB HBM3"))
    SteadyDancer14B.load("cuda:0", loras=[LoraFile(tmp_path, 1.0, "")])
    assert seen == [[lora], [lora]]


def test_the_memory_is_that_of_the_plan_of_a_usual_request() -> None:
    room = Room("cuda:0", 140 * 10**9, 128 * 10**9, "NVIDIA H200")
    served = SteadyDancer14B
    planned = plan(served.networks(), USUAL, room)
    assert (planned.way.parked, planned.way.resident) == (False, None)
    assert room.needed(planned.bytes) <= served.memory <= 1.05 * room.needed(planned.bytes)
    plan(served.networks(), USUAL, replace(room, free=served.least_memory))
    with pytest.raises(MemoryShort):
        plan(served.networks(), USUAL, replace(room, free=served.least_memory - 100_000_000))
