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


def test_the_list_says_where_a_model_may_not_be_used(greenroom: Run) -> None:
    lines = greenroom("models").stdout.splitlines()
    for name in ("hunyuanvideo-foley-xl", "hunyuanvideo-foley-xxl"):
        line = next(line for line in lines if line.split()[0] == name)
        assert "  not in the EU, UK, South Korea; " in line
    listed = json.loads(greenroom("models", "--json").stdout)["result"]
    said = next(model["terms"][0] for model in listed if model["name"] == "hunyuanvideo-foley-xxl")
    assert (said["restrictions"][0]["kind"], said["licences"][0]["part"]) == ("territory", "code")
    assert "the European Union, the United Kingdom and South Korea" in said["restrictions"][0]["text"]


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
