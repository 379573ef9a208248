"""The embedded voice rehearsed as it is."""

from __future__ import annotations

import sys

import pytest

from greenroom.errors import UnknownName
from greenroom.models.rehearsing import rehearse


def test_it_says_a_sentence_and_is_heard() -> None:
    found = rehearse("voice-joe")
    assert found.passed
    assert not found.invented
    assert found.device == "cpu"
    said = {stage.name: stage.words for stage in found.stages}
    assert said["listening"] == "1 of 1 heard as written"
    assert said["level"].endswith("LUFS")
    assert found.cold_start is not None
    assert found.cold_start.read_bytes == 0  # loading it was real


def test_without_its_engine_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "piper", None)
    found = rehearse("voice-joe")
    assert [finding.code for finding in found.findings] == ["extra-missing"]
    assert "greenroom[voice]" in found.findings[0].mend
    assert [stage.state for stage in found.stages] == ["failed", *["not run"] * 6]


def test_it_has_no_gpu() -> None:
    with pytest.raises(UnknownName, match="device of voice-joe 'cuda:0'; there is auto, cpu"):
        rehearse("voice-joe", device="cuda:0")
