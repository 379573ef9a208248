"""The place for large results is opened from what users set, and tried before the first job."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from obstore.store import S3Store
from pydantic import SecretStr

from greenroom.errors import InputInvalid
from greenroom.serve.runpod import store as store_module
from greenroom.serve.runpod.errors import StoreUnusable
from greenroom.serve.runpod.options import Bucket as BucketOptions
from greenroom.serve.runpod.options import WorkerOptions
from greenroom.serve.runpod.store import open_store
from greenroom.settings import resolve
from tests.serve.runpod.bucket import Bucket


def test_no_store_is_none() -> None:
    assert open_store(WorkerOptions()) is None


def test_half_a_bucket_is_none() -> None:
    settings = resolve(environ={"BUCKET_ENDPOINT_URL": "https://s3.example", "BUCKET_ACCESS_KEY_ID": "id"}).settings
    assert WorkerOptions.of(settings).bucket is None


def test_a_store_that_takes_is_fine() -> None:
    with Bucket() as bucket:
        store = open_store(WorkerOptions.of(resolve(environ=bucket.environment()).settings))
        assert store
        asyncio.run(store.check())
        assert list(bucket.objects) == ["/results/greenroom/probe"]


def test_a_store_that_refuses_is_an_error_without_its_secrets() -> None:
    with Bucket(refuse=True) as bucket:
        store = open_store(WorkerOptions.of(resolve(environ=bucket.environment()).settings))
        assert store
        with pytest.raises(StoreUnusable) as caught:
            asyncio.run(store.check())
    assert "127.0.0.1" not in caught.value.message + caught.value.mend
    assert "secret" not in caught.value.message + caught.value.mend


def test_a_folder_keeps_the_file_and_names_its_key(tmp_path: Path) -> None:
    store = open_store(WorkerOptions(store=f"file://{tmp_path}/results"))
    assert store
    assert asyncio.run(store.put(b"sound", "job-1/a.wav", "audio/wav")) == {"key": "job-1/a.wav"}
    assert (tmp_path / "results" / "job-1" / "a.wav").read_bytes() == b"sound"


def test_a_folder_of_a_volume_is_named_from_the_volume_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "VOLUME", tmp_path)
    for folder, key in ((tmp_path / "results", "results/job-1/a.wav"), (tmp_path, "job-1/a.wav")):
        store = open_store(WorkerOptions(store=str(folder)))
        assert store
        assert asyncio.run(store.put(b"sound", "job-1/a.wav", "audio/wav")) == {"key": key}


@pytest.mark.parametrize("place", ["results", "ftp://host/x", "https://host/x", "memory:///"])
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(InputInvalid, match="no place that results can go to"):
        open_store(WorkerOptions(store=place))


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("https://s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("https://bucket.s3.us-west-004.backblazeb2.com", "us-west-004"),
        ("https://fra1.digitaloceanspaces.com", "fra1"),
        ("https://account.r2.cloudflarestorage.com", "us-east-1"),
        ("http://127.0.0.1:9000", "us-east-1"),
    ],
)
def test_the_region_is_read_from_the_endpoint(endpoint: str, region: str) -> None:
    store = open_store(WorkerOptions(bucket=BucketOptions(endpoint, "id", SecretStr("key"), "results")))
    assert store
    opened = store.opens()
    assert isinstance(opened, S3Store)
    assert opened.config["region"] == region
