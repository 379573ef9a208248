"""What no rule knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

MIXED_WORDS = [
    ("RTX-4090", "R.T.X forty ninety"),
    ("F5-TTS", "F five T.T.S"),
    ("H.264", "H two sixty-four"),
    ("MP3", "M.P three"),
    ("x86", "x eighty-six"),
    ("A4", "eh four"),
    ("B-52", "B fifty-two"),
    ("F-16", "F sixteen"),
    ("COVID-19", "COVID nineteen"),
    ("GPT-4o", "G.P.T four o"),
    ("H100s", "H one hundreds"),
    ("A100-80GB", "eh one hundred eighty gigabytes"),
    ("SeedVR2-7B", "Seed V.R two seven B"),
    ("Llama-3.1-8B-Instruct", "Llama three point one eight B Instruct"),
    ("i9-13900K", "i nine thirteen thousand nine hundred K"),
    ("GTX1080Ti", "G.T.X ten eighty Ti"),
    ("HTML5", "H.T.M.L five"),
    ("S01E05", "S zero one E zero five"),
    ("x86_64", "x eighty-six sixty-four"),
    ("UTF-8", "U.T.F eight"),
]

PLAIN_WORDS = [
    ("re-usable", "re-usable"),
    ("state-of-the-art", "state-of-the-art"),
    ("T-shirt", "T-shirt"),
    ("X-ray", "X-ray"),
    ("Wi-Fi", "Wi-Fi"),
    ("don't", "don't"),
    ("O'Brien's", "O'Brien's"),
    ("rock'n'roll", "rock'n'roll"),
    ("naïve", "naïve"),
    ("café", "café"),
    ("Привет", "Привет"),
    ("你好", "你好"),
    ("नमस्ते", "नमस्ते"),
]

OTHER_SIGNS = [
    ("file(s)", "files"),
    ("yes—no", "yes, no"),
    ("he/she", "he slash she"),
    ("a,b", "eh, b"),
    ("the end.Next", "the end. Next"),
    ("torch>=2.6", "torch at least two point six"),
    ("numpy<2.0", "numpy less than two point zero"),
    ("x²", "x squared"),
    ("H₂O", "H two O"),
    ("Ⅷ", "VIII"),
    ("①", "one"),
    ("３", "three"),
    ("٣", "three"),
    ("5℃", "five degrees Celsius"),
]


@pytest.mark.parametrize(("written", "spoken"), MIXED_WORDS)
def test_mixed_words(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), PLAIN_WORDS)
def test_plain_words(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), OTHER_SIGNS)
def test_other_signs(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
