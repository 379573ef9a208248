"""Stores with files in them as a pull leaves them, without a network."""

from __future__ import annotations

from pathlib import Path

from greenroom.weights.store.places import Store
from greenroom.weights.store.records import Record, Records
from tests.weights.hub import etag, sha256

COMMIT = "a" * 40
WHEN = "2026-11-30T21:00:00Z"


def put(store: Store, name: str, path: str, content: bytes, *, commit: str = COMMIT, branch: str | None = None) -> Path:
    """A verified file of a repository, in a commit that its branch stands for."""
    repository = store.repository(name)
    blob = repository.blob(etag(content))
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    named = repository.link(blob.name, commit, path)
    record = Record.of(named, sha256(content), "hub", f"{name}/{path}", commit, WHEN)
    Records(repository.folder).keep(named, record)
    repository.point(branch, commit)
    return named


def put_tiny(store: Store) -> Path:
    """The model ``tiny`` and its component; gives its network."""
    from tests.weights.recipes import NETWORK, VOCABULARY, VOCODER

    put(store, "acme/tiny", "net/vocab.txt", VOCABULARY)
    put(store, "acme/vocoder", "vocoder.bin", VOCODER)
    return put(store, "acme/tiny", "net/model.safetensors", NETWORK)


def put_url(store: Store, url: str, content: bytes) -> Path:
    """A verified file of a URL whose hash nobody had said."""
    place = store.urls.place(url)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    store.urls.records.keep(place, Record.of(place, sha256(content), "none", url.partition("?")[0], "", WHEN))
    return place
