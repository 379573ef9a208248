"""Models are found by name, and what cannot be served is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.errors import UnknownName
from greenroom.models.registry import ModelInvalid, NotServed, find
from greenroom.recipes.inputs.voice import SpeechInputs
from tests.serve.models import Noop, OutOfMem, Party


def test_the_embedded_voice_is_served_with_its_recipe() -> None:
    voice = find("voice-joe")
    assert voice.inputs is SpeechInputs
    assert voice.recipe is not None
    assert voice.recipe.title == "Piper en_US joe, medium"
    assert voice.streams
    # What the recipe measured is what the plan counts on.
    assert voice.memory == next(memory.bytes for memory in voice.recipe.memory if memory.device == "host")


def test_ones_own_class_is_served_by_its_place() -> None:
    served = find("tests.serve.models:Noop")
    assert (served.name, served.model, served.recipe) == ("tests.serve.models:Noop", Noop, None)
    assert not served.has_smaller_plan
    assert find("tests.serve.models:OutOfMem").model is OutOfMem
    assert find("tests.serve.models:OutOfMem").has_smaller_plan
    assert served.concurrency == 1
    assert find("tests.serve.models:Party").concurrency == Party.concurrency == 4


def test_a_name_that_is_nowhere_is_unknown() -> None:
    with pytest.raises(UnknownName, match="voice-jo"):
        find("voice-jo")


@pytest.mark.parametrize("name", ["wan21-vae", "vocos-24khz"])
def test_a_model_without_code_is_not_served_yet(name: str) -> None:
    with pytest.raises(NotServed, match=f"{name} cannot be served yet") as caught:
        find(name)
    assert "voice-joe" in caught.value.mend


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tests.serve.models:", "names no class"),
        ("../x:Y", "names no class"),
        ("no_such_module_here:Model", "cannot be imported: ModuleNotFoundError"),
        ("tests.serve.models:Nobody", "is not there"),
        ("tests.serve.models:TextInputs", "is no Model"),
        ("greenroom.models.model:Model", "lacks generate, load, inputs"),
    ],
)
def test_a_class_that_is_no_model_is_refused_in_words(name: str, says: str) -> None:
    with pytest.raises(ModelInvalid, match=says):
        find(name)


@pytest.mark.parametrize("at_once", [0, -1, 2.0, True, "4", None])
def test_a_concurrency_that_is_no_number_of_requests_is_refused(
    at_once: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Party, "concurrency", at_once)
    with pytest.raises(ModelInvalid, match="has the concurrency") as caught:
        find("tests.serve.models:Party")
    assert caught.value.mend == "make it a whole number of requests, 1 or more"


def test_a_module_that_fails_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fails_on_import.py").write_text("raise RuntimeError('not today')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelInvalid, match="RuntimeError: not today"):
        find("fails_on_import:Model")
