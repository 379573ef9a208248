"""A lock made for an image: by the hashes that an index has, and of nothing that lies on this machine alone."""

from __future__ import annotations

import hashlib
import socket
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.machine.environments.errors import IndexUnreachable, InstallerMissing, RequirementsUnresolved
from greenroom.ship.image import locking, pins
from greenroom.ship.image.blueprint import Blueprint, Wanted
from greenroom.ship.image.choosing import decide
from greenroom.ship.image.files import files_of
from greenroom.ship.image.locking import locked
from greenroom.ship.image.pins import requirements_of_greenroom
from tests.machine.environments import conftest as environments
from tests.machine.environments.index import Index

served, index = environments.served, environments.index
# greenroom, as these tests have it: the core, a model's own needs, what serves it, and what installs it.
REQUIRES = (
    "alpha>=1",
    'greenroom[inner]; extra == "voice"',
    'beta>=1; extra == "inner"',
    'gamma>=1; extra == "serve"',
    'delta>=1; extra == "install"',
)


@pytest.fixture
def blueprint(monkeypatch: pytest.MonkeyPatch) -> Blueprint:
    def stated(name: str) -> tuple[str, ...]:
        return REQUIRES if name == "greenroom" else ()

    monkeypatch.setattr(pins, "_stated", stated)
    return decide(Wanted("voice-joe"))


def _versions(lock: bytes | None) -> dict[str, str]:
    assert lock is not None
    return {package["name"]: package["version"] for package in tomllib.loads(lock.decode())["packages"]}


def test_every_package_is_locked_by_the_hash_that_the_index_has(blueprint: Blueprint, index: Index) -> None:
    done = locked(blueprint)
    assert _versions(done.lock) == {"alpha": "1.0", "beta": "1.0", "gamma": "1.0"}
    assert done.bootstrap is not None
    lines = done.bootstrap.decode().split()
    assert {"alpha==1.0", "delta==1.0"} <= set(lines)
    assert "beta==1.0" not in lines
    digest = hashlib.sha256(index.wheels["alpha-1.0-py3-none-any.whl"]).hexdigest()
    assert f"--hash=sha256:{digest}" in lines
    assert done.lock is not None
    assert digest in done.lock.decode()
    assert "the hash of every package is locked" in done.reasons[-1]


def test_greenroom_itself_is_never_asked_of_an_index(blueprint: Blueprint, index: Index) -> None:
    assert requirements_of_greenroom(("voice", "serve"), "3.11") == ("alpha>=1", "gamma>=1", "beta>=1")
    locked(blueprint)
    assert not [path for path in index.requests if "greenroom" in path]


def test_an_earlier_lock_keeps_its_releases(blueprint: Blueprint, index: Index) -> None:
    first = locked(blueprint)
    index.add("alpha", "3.0")
    assert _versions(locked(blueprint, first.lock).lock)["alpha"] == "1.0"


def test_a_lock_of_the_users_own_stays(blueprint: Blueprint, index: Index) -> None:
    done = locked(replace(blueprint, lock=b"mine"))
    assert done.lock == b"mine"
    assert done.bootstrap is not None


def test_folders_and_passwords_of_this_machine_are_in_no_lock(
    blueprint: Blueprint, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alpha-9.0-py3-none-any.whl").write_bytes(index.add("alpha", "9.0"))
    del index.wheels["alpha-9.0-py3-none-any.whl"]
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url.replace("//", "//me:hidden@"))
    done = locked(blueprint)
    assert done.lock is not None
    assert _versions(done.lock)["alpha"] == "1.0"
    assert b"file:" not in done.lock
    assert b"hidden" not in done.lock


def test_an_index_that_is_a_folder_locks_nothing(
    blueprint: Blueprint, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in index.wheels.items():
        page = tmp_path / name.partition("-")[0]
        page.mkdir()
        (page / name).write_bytes(content)
        (page / "index.html").write_text(f'<a href="{name}">{name}</a>')
    monkeypatch.setenv("PIP_INDEX_URL", tmp_path.as_uri())
    with pytest.raises(RequirementsUnresolved, match="lies on this machine"):
        locked(blueprint)


def test_without_an_index_it_is_said(blueprint: Blueprint, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    with pytest.raises(IndexUnreachable, match="does not answer"):
        locked(blueprint)


def test_an_index_that_never_answers_is_left(
    blueprint: Blueprint, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "_LONGEST_S", -1.0)
    monkeypatch.setenv("UV_NO_CACHE", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # nobody accepts there
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        with pytest.raises(IndexUnreachable, match="gave no answer within"):
            locked(blueprint)


def test_without_uv_it_is_said(blueprint: Blueprint, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        return None

    monkeypatch.setattr(locking, "find_uv", none)
    with pytest.raises(InstallerMissing, match="uv is not here"):
        locked(blueprint)


def test_an_image_with_a_lock_installs_by_hashes_alone(blueprint: Blueprint) -> None:
    content = files_of(replace(blueprint, lock=b"lock", bootstrap=b"bootstrap")).content
    dockerfile = content["Dockerfile"].decode()
    assert "pip install --require-hashes --requirement /opt/image/bootstrap.txt" in dockerfile
    assert "--lock /opt/image/pylock.toml" in dockerfile
    assert "--constraint" not in dockerfile
    assert {"!bootstrap.txt", "!pylock.toml"} <= set(content[".dockerignore"].decode().splitlines())
