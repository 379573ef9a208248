"""The catalogue on the command line, licence first."""

from __future__ import annotations

import json

from greenroom.recipes.catalogue import names
from tests.cli.conftest import Run


def test_the_list_has_the_licence_next_to_the_name(greenroom: Run) -> None:
    lines = greenroom("models").stdout.splitlines()
    assert lines[0].split()[:2] == ["model", "licence"]
    f5 = next(line for line in lines if line.startswith("f5tts-v1-base"))
    assert f5.split()[1] == "CC-BY-NC-4.0"
    assert f5.endswith("non-commercial")


def test_json_lists_all_parts_when_asked(greenroom: Run) -> None:
    said = json.loads(greenroom("models", "--all", "--json").stdout)
    assert said["schema"] == "greenroom/models/1"
    assert [model["name"] for model in said["result"]] == list(names())


def test_one_model_shows_restrictions_before_files(greenroom: Run) -> None:
    shown = greenroom("models", "hunyuanvideo-foley-xxl").stdout
    assert shown.index("Restrictions") < shown.index("Licences") < shown.index("Files")
    assert "European Union" in shown


def test_a_mistyped_name_is_answered_with_the_one_meant(greenroom: Run) -> None:
    done = greenroom("models", "f5tts-v1")
    assert done.returncode == 2
    assert "did you mean f5tts-v1-base?" in done.stderr
