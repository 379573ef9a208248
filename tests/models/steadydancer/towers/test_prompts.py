"""Prompts to tokens: cleaned as the original does it, cut where it cuts, and that is said."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import ExtraMissing
from greenroom.models.steadydancer.towers import prompts
from greenroom.models.steadydancer.towers.prompts import END, LONGEST, Umt5Tokenizer, cleaned
from greenroom.models.vocabulary import TokenizerInvalid

WORDS = "a dancer in a red coat turns on a wet street at night"


def tokenizer_file(folder: Path) -> Path:
    """A small one of the published kind: pieces of words, a mark of space, the mark of the end behind each text."""
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram
    from tokenizers.pre_tokenizers import Metaspace
    from tokenizers.processors import TemplateProcessing

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0)]
    pieces += [(f"▁{word}", -2.0) for word in dict.fromkeys(WORDS.split())]
    pieces += [(letter, -5.0) for letter in sorted(set(WORDS) - {" "} | {"▁", "雨"})]
    made = Tokenizer(Unigram(pieces, unk_id=2))
    made.pre_tokenizer = Metaspace()
    made.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", END)])
    made.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tokenizer_file(tmp_path_factory.mktemp("tokenizer"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("  a \n\t dancer ", "a dancer"),
        ("fish &amp; chips", "fish & chips"),
        ("fish &amp;amp; chips", "fish & chips"),
        ("<b>&amp;amp;amp;", "<b>&amp;"),
        ("schÃ¶n", "schön"),
        ("“quoted”", '"quoted"'),
        ("\u3000雨\u3000", "雨"),
        ("", ""),
    ],
)
def test_texts_are_cleaned(text: str, wanted: str) -> None:
    assert cleaned(text) == wanted


@pytest.mark.parametrize("text", [WORDS, "", "雨 a", "coat  &amp;\n coat", "x" * 40])
def test_tokens_are_those_of_the_library(file: Path, text: str) -> None:
    from transformers import PreTrainedTokenizerFast

    theirs = PreTrainedTokenizerFast(tokenizer_file=str(file), eos_token="</s>", pad_token="<pad>")
    wanted = theirs(cleaned(text), max_length=LONGEST, truncation=True, padding="max_length")
    made = Umt5Tokenizer(file)(text)
    assert list(made.ids) == wanted["input_ids"][: sum(wanted["attention_mask"])]
    assert made.note == ""


def test_what_is_too_long_is_cut_and_said(file: Path) -> None:
    """As the library cuts it: the mark of the end stays."""
    from transformers import PreTrainedTokenizerFast

    text = " ".join([WORDS] * 50)
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(file), eos_token="</s>", pad_token="<pad>")
    made = Umt5Tokenizer(file)(text, what="negative prompt")
    assert list(made.ids) == theirs(text, max_length=LONGEST, truncation=True)["input_ids"]
    assert (len(made.ids), made.ids[-1]) == (LONGEST, END)
    # A word is a token here.
    assert made.note.startswith("the negative prompt has 650 words, of which the first 511 are read, until '…")
    assert "at night a dancer in a'; cut is 'red coat turns" in made.note


def test_as_long_as_fits_is_not_cut(file: Path) -> None:
    made = Umt5Tokenizer(file)(" ".join(["coat"] * (LONGEST - 1)))
    assert len(made.ids) == LONGEST
    assert made.note == ""
    assert Umt5Tokenizer(file)(" ".join(["coat"] * LONGEST)).note


def changed(file: Path, folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    facts = json.loads(file.read_text())
    change(facts)
    (folder / "tokenizer.json").write_text(json.dumps(facts))
    return folder / "tokenizer.json"


def test_another_file_is_refused(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TokenizerInvalid, match="cannot be read: No such file"):
        Umt5Tokenizer(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("{}")
    with pytest.raises(TokenizerInvalid, match="is no tokenizer"):
        Umt5Tokenizer(tmp_path / "text.json")
    swapped = changed(file, tmp_path, lambda facts: facts["model"]["vocab"].insert(0, facts["model"]["vocab"].pop(1)))
    with pytest.raises(TokenizerInvalid, match="has '<pad>' as 1, not 0"):
        Umt5Tokenizer(swapped)
    bare = changed(file, tmp_path, lambda facts: facts.update(post_processor=None))
    with pytest.raises(TokenizerInvalid, match="of an empty text"):
        Umt5Tokenizer(bare)
    monkeypatch.setattr(prompts, "VOCABULARY", 20)
    with pytest.raises(TokenizerInvalid, match="UMT5's last is 19"):
        Umt5Tokenizer(file)


def test_limits_of_the_file_do_not_count(file: Path, tmp_path: Path) -> None:
    limit = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    short = changed(file, tmp_path, lambda facts: facts.update(truncation=limit))
    assert Umt5Tokenizer(short)(WORDS) == Umt5Tokenizer(file)(WORDS)


def test_what_is_missing_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ftfy", None)
    with pytest.raises(ExtraMissing, match="ftfy") as raised:
        cleaned("a")
    assert "animate" in raised.value.mend
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ExtraMissing, match="tokenizers"):
        Umt5Tokenizer(file)
