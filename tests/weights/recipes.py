"""A catalogue of made-up models, small enough to be fetched in a test."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from greenroom.recipes import catalogue
from tests.weights.hub import HubServer, sha256

NETWORK = random.Random(1).randbytes(300_000)
SHARDS = {f"model-0000{n}-of-00003.safetensors": random.Random(n + 10).randbytes(2_000 * n) for n in (1, 2, 3)}
VOCABULARY = "a\nb\nü\n".encode()
VOCODER = random.Random(2).randbytes(50_000)
DEEP = random.Random(3).randbytes(5_000)

_HEAD = """schema_version = 1
name = "{name}"
family = "f5tts"
task = "{task}"
title = "{name}"
summary = "Made up."
"""
_LICENCE = """
[[licences]]
part = "weights"
id = "{licence}"
source = "stated"
"""
_NON_COMMERCIAL = """
[[restrictions]]
kind = "non-commercial"
short = "non-commercial"
text = "For non-commercial use only."
"""


def file(repository: str, path: str, content: bytes | None = None, *, source: str = "stated", more: str = "") -> str:
    """A table of one file; with its content, its size and hash too."""
    known = (
        ""
        if content is None
        else (
            f'size = {{ bytes = {len(content)}, source = "{source}" }}\n'
            f'digest = {{ sha256 = "{sha256(content)}", source = "{source}" }}\n'
        )
    )
    return f'\n[[files]]\nrole = "weights"\nrepository = "{repository}"\npath = "{path}"\n{known}{more}'


def recipe(name: str, *tables: str, task: str = "speech", head: str = "", licence: str = "MIT") -> str:
    return _HEAD.format(name=name, task=task) + head + _LICENCE.format(licence=licence) + "".join(tables)


RECIPES = {
    "tiny": recipe(
        "tiny",
        file("acme/tiny", "net/model.safetensors", NETWORK),
        file("acme/tiny", "net/vocab.txt", VOCABULARY, more="").replace('role = "weights"', 'role = "vocabulary"'),
        head='components = ["tiny-vocoder"]\n',
    ),
    "tiny-vocoder": recipe("tiny-vocoder", file("acme/vocoder", "vocoder.bin"), task="component"),
    "bound": recipe("bound", _NON_COMMERCIAL, file("acme/bound", "model.bin", DEEP), licence="CC-BY-NC-4.0"),
    "sharded": recipe("sharded", file("acme/sharded", "model-*.safetensors")),
    "doubtful": recipe("doubtful", file("acme/doubtful", "model.bin", b"as somebody said", source="unverified")),
    "coded": recipe("coded", file("acme/code", "pos emb.pt", DEEP, more='host = "github"\nrevision = "abc"\n')),
    "deep": recipe("deep", file("acme/deep", "wörter/a b/ключ.bin", DEEP)),
}


def publish(hub: HubServer) -> None:
    """Put all of it on a hub."""
    hub.repository("acme/tiny").commit(
        {"net/model.safetensors": NETWORK, "net/vocab.txt": VOCABULARY, "README.md": b"x"}
    )
    hub.repository("acme/vocoder").commit({"vocoder.bin": VOCODER})
    hub.repository("acme/bound").commit({"model.bin": DEEP})
    hub.repository("acme/sharded").commit({**SHARDS, "other/model-00001-of-00001.safetensors": b"another's"})
    hub.repository("acme/doubtful").commit({"model.bin": DEEP})
    hub.repository("acme/deep").commit({"wörter/a b/ключ.bin": DEEP})


def write_catalogue(folder: Path, recipes: dict[str, str] = RECIPES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in recipes.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def use_catalogue(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let greenroom know the recipes of a folder, and no others."""
    made = catalogue.Catalogue(folder)
    monkeypatch.setattr(catalogue, "_packaged", lambda: made)
