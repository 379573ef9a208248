"""Words of capitals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SPELLED = [
    ("GPU", "G.P.U"),
    ("GPUs", "G.P.U's"),
    ("GPU's", "G.P.U's"),
    ("API", "A.P.I"),
    ("APIs", "A.P.I's"),
    ("HTTP", "H.T.T.P"),
    ("HTML", "H.T.M.L"),
    ("USA", "U.S.A"),
    ("the US", "the U.S"),
    ("the UK", "the U.K"),
    ("AI", "A.I"),
    ("SQL", "S.Q.L"),
    ("LLM", "L.L.M"),
    ("HDMI", "H.D.M.I"),
    ("IEEE", "I triple E"),
    ("VRAM", "V ram"),
    ("IT department", "I.T department"),
    ("OK", "ok"),
]

SAID = [
    ("NASA", "NASA"),
    ("NATO", "NATO"),
    ("CUDA", "CUDA"),
    ("JSON", "JSON"),
    ("UNICEF", "UNICEF"),
    ("the RAM", "the ram"),
    ("my PINs", "my pins"),
    ("NASA's plan", "nasa's plan"),
    ("NVIDIA", "Nvidia"),
    ("ASCII", "ASCII"),
]

DOTTED = [
    ("U.S.", "U.S."),
    ("U.S.A.", "U.S.A."),
    ("the U.S. Army", "the U.S Army"),
    ("in the U.S. He", "in the U.S. He"),
    ("D.C.", "D.C."),
    ("A.I.", "A.I."),
    ("N.Y.C.'s", "N.Y.C's"),
    ("J. Smith", "J Smith"),
    ("J. R. R. Tolkien", "J R R Tolkien"),
    ("J.R.R. Tolkien", "J.R.R Tolkien"),
    ("Plan B. Then", "Plan B. Then"),
]

MIXED = [
    ("OpenAI", "Open A.I"),
    ("macOS", "mac O.S"),
    ("SeedVR2", "Seed V.R two"),
    ("HunyuanVideo", "HunyuanVideo"),
    ("GitHub", "GitHub"),
    ("PyTorch", "PyTorch"),
    ("iPhone", "iPhone"),
    ("PCIe", "P.C.I E"),
    ("NVLink", "N.V Link"),
    ("PhD", "P.H.D"),
    ("LoRA", "Lora"),
    ("McDonald", "McDonald"),
    ("ffmpeg", "F.F em peg"),
]

SHOUTED = [
    ("STOP", "STOP"),
    ("DO NOT TOUCH IT", "do not TOUCH it"),
    ("IT'S ME", "it's me"),
    ("USE THE GPU NOW", "use the G.P.U now"),
    ("I'M HERE", "I'm HERE"),
]


@pytest.mark.parametrize(("written", "spoken"), SPELLED)
def test_spelled(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), SAID)
def test_said(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), DOTTED)
def test_dotted(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), MIXED)
def test_mixed(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), SHOUTED)
def test_shouted(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
