"""Addresses, paths, options, handles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

MAIL_AND_WEB = [
    ("ann.lee@example.com", "ann dot lee at example dot com"),
    ("john_doe42@mail.example.co.uk", "john underscore doe forty-two at mail dot example dot co dot U.K"),
    ("https://example.com", "example dot com"),
    ("https://www.example.com/a-b?x=1", "W.W.W dot example dot com slash eh dash b question mark x equals one"),
    ("example.com", "example dot com"),
    ("http://example.org/path/", "example dot org slash path"),
    ("github.com/huggingface/diffusers", "github dot com slash huggingface slash diffusers"),
    ("ftp://example.com", "F.T.P colon slash slash example dot com"),
]

FILES_AND_PATHS = [
    ("config.json", "config dot json"),
    ("main.py", "main dot P.Y"),
    ("README.md", "README dot M.D"),
    ("model.safetensors", "model dot safetensors"),
    ("IMG_0042.JPG", "I.M.G underscore zero zero four two dot J.P.G"),
    ("/usr/local/bin", "slash usr slash local slash bin"),
    ("./run.sh", "dot slash run dot S.H"),
    ("~/notes.txt", "tilde slash notes dot T.X.T"),
    ("C:\\new\\file", "C colon backslash new backslash file"),
    ("src/greenroom/text/", "S.R.C slash greenroom slash text"),
    (".gitignore", "dot gitignore"),
    ("foo_bar", "foo underscore bar"),
    ("the end.So it goes", "the end. So it goes"),
]

OPTIONS_AND_HANDLES = [
    ("--dry-run", "dash dash dry run"),
    ("-v", "dash v"),
    ("--steps=32", "dash dash steps equals thirty-two"),
    ("-j8", "dash j eight"),
    ("@ann", "at ann"),
    ("#greenroom", "hashtag greenroom"),
    ("node.js", "node J.S"),
    (".NET", "dot net"),
]


@pytest.mark.parametrize(("written", "spoken"), MAIL_AND_WEB)
def test_mail_and_web(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), FILES_AND_PATHS)
def test_files_and_paths(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), OPTIONS_AND_HANDLES)
def test_options_and_handles(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
