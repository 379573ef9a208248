"""The family as it is served: found, told apart, asked."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greenroom.errors import UnknownName
from greenroom.media.video.images import read_image, write_image
from greenroom.models.model import MadeFile, Work
from greenroom.models.registry import find
from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.engines import Files, load_engine
from greenroom.models.seedvr2.model import SeedVR2Large, SeedVR2Model, SeedVR2Sharp, SeedVR2Small
from greenroom.recipes.catalogue import recipe
from greenroom.recipes.inputs.seedvr2 import RestoreFileInputs
from greenroom.settings import Settings
from greenroom.weights.errors import OtherNetwork
from greenroom.weights.store.finding import Need, WeightsMissing
from tests.models.seedvr2.networks import published_shapes
from tests.models.seedvr2.restorers import a_clip, a_restorer, drawn, pixels_of
from tests.models.seedvr2.restoring.test_restorer import Failing
from tests.weights.store.test_finding import in_folder

VAE, PROMPT = Need("seedvr2-vae", "weights"), Need("seedvr2-embeddings", "embedding", path="pos_emb.pt")


def asked(source: Path, **inputs: Any) -> RestoreFileInputs:
    return RestoreFileInputs.check({"source": str(source), **inputs})


def work(folder: Path, **more: Any) -> Work:
    folder.mkdir(parents=True)
    return Work(folder, **more)


@pytest.mark.parametrize(
    ("name", "model"),
    [("seedvr2-3b", SeedVR2Small), ("seedvr2-7b", SeedVR2Large), ("seedvr2-7b-sharp", SeedVR2Sharp)],
)
def test_each_is_served_by_its_name(name: str, model: type[SeedVR2Model]) -> None:
    served = find(name)
    assert served.model is model
    assert served.inputs is RestoreFileInputs
    assert (served.has_smaller_plan, served.streams, served.concurrency) == (True, False, 1)
    weights = next(memory.bytes for memory in recipe(name).memory if memory.counts == "weights")
    assert weights < served.memory
    assert model.networks().transformer == pytest.approx(weights, rel=1e-3)
    assert model.terms()[-1] == "licences: code Apache-2.0, weights Apache-2.0"
    assert name in model.notice()


def test_finding_it_imports_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from greenroom.models.registry import find; from greenroom.settings import Settings;"
        "find('seedvr2-3b').model.networks('q8_0')\n"
        "try: find('seedvr2-3b').model.sources(Settings())\n"
        "except Exception as error: print(error.code)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["weights-missing", "False"]


def test_weights_are_found_by_variant_or_whichever_is_here(tmp_path: Path) -> None:
    settings = Settings(weights=tmp_path, hf_hub_cache=tmp_path / "hub")
    for need in (VAE, PROMPT):
        in_folder(tmp_path, need)
    with pytest.raises(WeightsMissing, match="seedvr2_ema_3b_fp16") as caught:
        SeedVR2Small.sources(settings)
    assert caught.value.mend.startswith("greenroom pull seedvr2-3b; ")
    small = in_folder(tmp_path, Need("seedvr2-3b", "weights", variant="q8_0"))
    found = SeedVR2Small.sources(settings)
    assert (found.variant, found.files.transformer) == ("q8_0", small)
    assert found.files.prompt.name == "pos_emb.pt"
    with pytest.raises(WeightsMissing) as caught:
        SeedVR2Small.sources(settings, "fp8_e4m3fn")
    assert caught.value.mend.startswith("greenroom pull seedvr2-3b --variant fp8_e4m3fn; ")
    usual = in_folder(tmp_path, Need("seedvr2-3b", "weights"))
    assert SeedVR2Small.sources(settings).files.transformer == usual
    assert SeedVR2Small.sources(settings, "q8_0").files.transformer == small
    with pytest.raises(UnknownName, match="variant of seedvr2-3b"):
        SeedVR2Small.sources(settings, "q2_k")
    with pytest.raises(UnknownName, match="variant of seedvr2-3b"):
        SeedVR2Small.networks("q2_k")


def test_a_7b_in_the_place_of_a_3b_is_said(tmp_path: Path) -> None:
    """A file of its names and shapes, which takes no room: it is told before any number is read."""
    header: dict[str, Any] = {}
    place = 0
    for name, shape in published_shapes("seedvr2-7b").items():
        length = 2 * int(np.prod(shape))
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [place, place + length]}
        place += length
    words = json.dumps(header).encode()
    settings = Settings(weights=tmp_path, hf_hub_cache=tmp_path / "hub")
    for need in (VAE, PROMPT):
        in_folder(tmp_path, need)
    path = in_folder(tmp_path, Need("seedvr2-3b", "weights"))
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(words)) + words)
        file.truncate(8 + len(words) + place)
    files = SeedVR2Small.sources(settings).files
    with pytest.raises(OtherNetwork, match=r"SeedVR2 7B \(a transformer of width 3072 and depth 36\)"):
        load_engine(PUBLISHED["seedvr2-3b"], Files(files.transformer, files.vae, files.prompt))


def test_a_request_becomes_files_events_and_facts(tmp_path: Path) -> None:
    told: list[tuple[str, Mapping[str, Any]]] = []
    shown: list[MadeFile] = []
    request = work(tmp_path / "work", tell=lambda kind, data: told.append((kind, data)), show=shown.append)
    source = a_clip(tmp_path / "in.mp4")
    made = SeedVR2Small(a_restorer()).generate(asked(source, height=48, format="mkv", codec="h264"), request)
    assert [file.path.name for file in made.files] == ["restored.mkv", "preview.png"]
    assert [file.media_type for file in made.files] == ["video/x-matroska", "image/png"]
    assert [kind for kind, _ in told] == ["plan"]
    plan = told[0][1]
    assert (plan["width"], plan["height"], plan["frames"], plan["shots"], plan["tile"]) == (48, 48, 5, 1, None)
    assert shown == [MadeFile(tmp_path / "work" / "preview.png", "image/png")]
    assert json.loads(json.dumps(made.output)) == made.output
    assert (made.output["after"], made.output["codec"]) == ([48, 48], "h264")
    assert str(tmp_path) not in json.dumps([made.output, plan])


def test_a_picture_becomes_a_picture_whatever_video_is_asked_for(tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", drawn(0))
    inputs = asked(tmp_path / "in.png", format="mov", codec="prores", bits=10)
    made = SeedVR2Small(a_restorer()).generate(inputs, work(tmp_path / "work"))
    assert [file.path.name for file in made.files] == ["restored.png", "preview.png"]
    assert read_image(made.files[0].path).dtype == np.uint8


def test_another_attempt_goes_on_behind_what_is_kept(tmp_path: Path) -> None:
    source, kept = a_clip(tmp_path / "in.mp4", 12), tmp_path / "kept"
    inputs = asked(source, shots=False, window=5)
    with pytest.raises(RuntimeError):
        SeedVR2Small(a_restorer(Failing(6))).generate(inputs, work(tmp_path / "1", kept=kept))
    made = SeedVR2Small(a_restorer()).generate(inputs, work(tmp_path / "2", kept=kept))
    assert made.output["resumed"] == 1
    assert len(pixels_of(made.files[0].path)) == 12


def test_a_job_begins_anew_where_it_cannot_go_on(tmp_path: Path) -> None:
    """Another version serves by then, for whom the parts count for nothing: that is no reason for a job to fail."""
    source, kept = a_clip(tmp_path / "in.mp4", 12), tmp_path / "kept"
    inputs = asked(source, shots=False, window=5)
    with pytest.raises(RuntimeError):
        SeedVR2Small(a_restorer(Failing(6))).generate(inputs, work(tmp_path / "1", kept=kept))
    book = kept / "parts" / "journal.json"
    book.write_text(book.read_text().replace('"greenroom": "', '"greenroom": "0'))
    made = SeedVR2Small(a_restorer()).generate(inputs, work(tmp_path / "2", kept=kept))
    assert (made.output["resumed"], made.output["frames"]) == (0, 12)


def test_warming_does_a_moment_of_everything(tmp_path: Path) -> None:
    said: list[str] = []
    SeedVR2Small(a_restorer()).warm_up(work(tmp_path / "work", step=lambda stage, done, total: said.append(stage)))
    assert said == ["warming", "warming"]
    assert list((tmp_path / "work").iterdir()) == []


def test_memory_grows_before_torch_is_there() -> None:
    """In a process of its own: what is set after torch is imported comes too late."""
    code = (
        "import os, sys\n"
        "from greenroom.models.seedvr2.model import SeedVR2Small\n"
        "os.environ.pop('PYTORCH_CUDA_ALLOC_CONF', None), os.environ.pop('PYTORCH_ALLOC_CONF', None)\n"
        "def sources(settings, variant=None):\n"
        "    print(os.environ['PYTORCH_CUDA_ALLOC_CONF'], 'torch' in sys.modules)\n"
        "    raise SystemExit\n"
        "SeedVR2Small.sources = sources\n"
        "SeedVR2Small.load('cuda:0')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["expandable_segments:True", "False"], done.stderr
