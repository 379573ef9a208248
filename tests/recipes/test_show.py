"""What ``greenroom models`` says."""

from __future__ import annotations

import json

import pytest

from greenroom.cli.output import plain
from greenroom.recipes.catalogue import names, recipe
from greenroom.recipes.show import COLUMNS, summaries, summary


def section(lines: tuple[str, ...], title: str) -> list[str]:
    start = next(place for place, line in enumerate(lines) if line.startswith(title)) + 1
    end = next((place for place in range(start, len(lines)) if not lines[place]), len(lines))
    return [line.strip() for line in lines[start:end]]


def test_the_list_holds_models_and_leaves_their_parts_out() -> None:
    shown = [entry.name for entry in summaries()]
    assert "f5tts-v1-base" in shown
    assert "vocos-24khz" not in shown
    assert tuple(entry.name for entry in summaries(components=True)) == names()


def test_a_row_has_a_cell_for_every_column() -> None:
    assert all(len(entry.row()) == len(COLUMNS) for entry in summaries(components=True))


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("f5tts-v1-base", ("f5tts-v1-base", "CC-BY-NC-4.0", "speech", "1.40 GB", "1.85 GB", "non-commercial")),
        ("seedvr2-3b", ("seedvr2-3b", "Apache-2.0", "video-restoration", "about 7.29 GB", "over 6.78 GB", "none")),
        ("voice-joe", ("voice-joe", "CC0-1.0", "speech", "63.2 MB", "none", "for evaluation; GPL engine")),
        ("yolox-l", ("yolox-l", "Apache-2.0", "component", "217 MB", "unknown", "none")),
    ],
)
def test_rows_say_licence_restrictions_download_and_memory(name: str, row: tuple[str, ...]) -> None:
    assert summary(recipe(name)).row() == row


def test_the_restrictions_of_parts_reach_the_row() -> None:
    restrictions = summary(recipe("hunyuanvideo-foley-xxl")).row()[5]
    assert restrictions.startswith("not in the EU, UK, South Korea; over 100 M users")
    assert restrictions.count("South Korea") == 1
    assert restrictions.endswith("Synchformer: no known licence")


def test_one_model_begins_with_restrictions_and_licences() -> None:
    lines = summary(recipe("hunyuanvideo-foley-xxl")).lines()
    titles = [line.split(",")[0] for line in lines[1:] if line and not line.startswith((" ", "http", "Makes"))]
    assert titles == ["Restrictions", "Licences", "Files", "Needs", "Memory", "Inputs", "Outputs"]
    assert section(lines, "Restrictions")[0].startswith("territory: No rights are granted in the European Union")


def test_files_say_their_length_and_hash_or_that_they_are_unknown() -> None:
    files = section(summary(recipe("steadydancer-14b")).lines(), "Files")
    assert "MCG-NJU/SteadyDancer-14B/config.json  size unknown, hash unknown" in files
    voice = section(summary(recipe("voice-joe")).lines(), "Files")
    assert voice[0].endswith("en_US-joe-medium.onnx  63.2 MB, sha256 58afce0321b8…")
    doubtful = section(summary(recipe("wan21-vae")).lines(), "Files")
    assert doubtful == ["MCG-NJU/SteadyDancer-14B/Wan2.1_VAE.pth  about 508 MB, sha256 38071ab59bd9… (unverified)"]


def test_inputs_say_their_kind_bounds_and_default() -> None:
    inputs = section(summary(recipe("f5tts-v1-base")).lines(), "Inputs")
    assert any(line.startswith("reference (audio file): ") for line in inputs)
    assert any(line.startswith("speed (number, 0.3 to 2 x, default 1.0): ") for line in inputs)
    colours = section(summary(recipe("seedvr2-3b")).lines(), "Inputs")
    assert any(line.startswith("colour (wavelet | adain | lab") for line in colours)


def test_parts_have_no_inputs() -> None:
    shown = summary(recipe("vocos-24khz"))
    assert (shown.inputs, shown.components) == ((), ())


def test_the_summary_is_plain_data_for_machines() -> None:
    said = json.loads(json.dumps(plain(summary(recipe("f5tts-v1-base")))))
    assert said["terms"][0]["licences"][1]["id"] == "CC-BY-NC-4.0"
    assert said["download"] == {"bytes": 1_348_435_761 + 13_800 + 54_365_991 + 461, "exact": True, "unsized": 0}
    assert said["file_sets"][0]["files"][0]["digest"]["sha256"].startswith("670900fd")
    inputs = {entry["name"]: entry for entry in said["inputs"]}
    assert inputs["reference"]["media"] == "audio"
    assert inputs["steps"]["default"] == 32


def test_what_is_unknown_is_null_for_machines() -> None:
    said = plain(summary(recipe("steadydancer-14b")))
    assert said["terms"][0]["licences"][1]["id"] is None
    assert said["file_sets"][0]["files"][0]["size"] is None
