"""Prompts to numbers, as the library that the original calls does it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import ExtraMissing
from greenroom.models.foley.towers.clap_tokenizer import ClapTokenizer
from greenroom.models.vocabulary import TokenizerInvalid
from tests.models.foley.tower_parts import tokenizer_file

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tokenizer_file(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module")
def tokenizer(file: Path) -> ClapTokenizer:
    return ClapTokenizer(file)


def changed(file: Path, folder: Path, change: Change) -> Path:
    facts = json.loads(file.read_text())
    change(facts)
    (folder / "tokenizer.json").write_text(json.dumps(facts))
    return folder / "tokenizer.json"


PAIRS = [("noisy, harsh", "rain on a roof"), ("", "rain"), ("", ""), ("</s> <mask>x", "Ünï 雨 \n\t🌧"), ("x" * 900, "a")]


@pytest.mark.parametrize("pair", PAIRS)
def test_numbers_are_those_of_the_library(file: Path, tokenizer: ClapTokenizer, pair: tuple[str, str]) -> None:
    from transformers import PreTrainedTokenizerFast

    marks = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(file), **marks)([*pair], padding=True, return_tensors="pt")
    ours = tokenizer(pair)
    assert torch.equal(ours.ids, theirs["input_ids"])
    assert torch.equal(ours.own, theirs["attention_mask"].bool())


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_text_alone_has_the_same_numbers(tokenizer: ClapTokenizer, one: str, other: str) -> None:
    both, alone = tokenizer((one, other)), tokenizer((other,))
    assert torch.equal(both.ids[1][both.own[1]], alone.ids[0])
    assert alone.ids[0, 0] == 0
    assert alone.ids[0, -1] == 2
    assert bool(alone.own.all())


def test_what_a_file_says_of_cutting_and_padding_is_not_done(file: Path, tmp_path: Path) -> None:
    def cut(facts: dict[str, Any]) -> None:
        facts["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
        facts["padding"] = {"strategy": {"Fixed": 9}, "direction": "Left", "pad_to_multiple_of": None}
        facts["padding"] |= {"pad_id": 3, "pad_type_id": 0, "pad_token": "<unk>"}

    told = ClapTokenizer(changed(file, tmp_path, cut))
    pair = "rain on the window", "a"
    assert torch.equal(told(pair).ids, ClapTokenizer(file)(pair).ids)


def marked(name: str, number: int) -> Change:
    def change(facts: dict[str, Any]) -> None:
        for token in facts["added_tokens"]:
            if token["content"] == name:
                token["id"] = number
        facts["model"]["vocab"][name] = number

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda facts: facts.update(post_processor=None), r"makes \[\] of an empty text"),
        (lambda facts: facts["model"].update(type="Other"), "is no tokenizer"),
        (lambda facts: facts["model"]["vocab"].update(far=50_265), r"has a token 50,265; CLAP's last is 50,264"),
        (marked("<pad>", 299), r"has '<pad>' as 299, not 1"),
    ],
    ids=["no marks", "unknown kind", "too many", "another padding"],
)
def test_a_file_of_another_model_is_refused(file: Path, tmp_path: Path, change: Change, words: str) -> None:
    with pytest.raises(TokenizerInvalid, match=words):
        ClapTokenizer(changed(file, tmp_path, change))


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"version https://git-lfs.github.com/spec/v1\n"])
def test_what_is_no_tokenizer_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(TokenizerInvalid, match=r"'tokenizer\.json' is no tokenizer"):
        ClapTokenizer(tmp_path / "tokenizer.json")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TokenizerInvalid, match="cannot be read: No such file"):
        ClapTokenizer(tmp_path / "tokenizer.json")


def test_without_the_library_what_to_install_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ExtraMissing) as caught:
        ClapTokenizer(file)
    assert "greenroom[models]" in caught.value.mend
