"""A lock names an environment by what is in it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock

from greenroom.machine.environments.errors import LockInvalid
from greenroom.machine.environments.lock import Lock, Locked, parse, read

ALPHA = Locked("alpha", "1.0", "https://example.org/alpha-1.0-py3-none-any.whl", "a" * 64, 10)
BETA = Locked("beta", "2.0", "https://example.org/beta-2.0.tar.gz", "b" * 64, part="serve")

locked = st.builds(
    lambda name, release, digest, size, part: Locked(
        name, release, f"https://example.org/{name.replace('-', '_')}-{release}-py3-none-any.whl", digest, size, part
    ),
    st.sampled_from(["alpha", "a-b", "z0", "torch", "x-1-y"]),
    st.sampled_from(["1", "1.0", "2026.9.0.post1", "2.13.0+cpu"]),
    st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}"),
    st.none() | st.integers(0, 2**40),
    st.sampled_from(["", "serve"]) | st.text(max_size=8),
)


@given(st.lists(locked, min_size=1, max_size=3, unique_by=lambda package: package.name))
def test_what_is_written_is_read_back_and_is_a_lock_by_pep_751(packages: list[Locked]) -> None:
    lock = Lock.of(packages)
    content = tomllib.loads(lock.as_toml())
    Pylock.from_dict(content).validate()
    assert parse(content, Path("pylock.toml")) == lock


def test_the_id_is_of_content_and_not_of_places() -> None:
    lock = Lock.of([BETA, ALPHA])
    mirrored = Lock.of([replace(ALPHA, url="https://mirror.example/alpha-1.0-py3-none-any.whl", size=None), BETA])
    assert lock.id == mirrored.id
    assert lock.id != Lock.of([replace(ALPHA, sha256="c" * 64), BETA]).id
    assert lock.id != lock.without("serve").id
    assert len(lock.id) == 16


def test_a_part_adds_and_changes_nothing() -> None:
    newer = replace(ALPHA, version="9.0")
    assert Lock.of([ALPHA]).with_part("serve", [newer, replace(BETA, part="")]) == Lock.of([ALPHA, BETA])


def test_users_and_passwords_stay_out_of_the_file() -> None:
    secret = replace(ALPHA, url="https://user:secret@example.org/alpha-1.0-py3-none-any.whl")
    assert "secret" not in Lock.of([secret]).as_toml()
    assert "https://example.org/alpha" in Lock.of([secret]).as_toml()


def test_requirements_carry_the_hash() -> None:
    assert ALPHA.requirement == f"alpha==1.0 --hash=sha256:{'a' * 64}"
    assert replace(ALPHA, by_url=True).requirement == f"alpha @ {ALPHA.url} --hash=sha256:{'a' * 64}"


HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'
WHEEL = 'wheels = [{ url = "https://e.org/a-1-py3-none-any.whl", hashes = { sha256 = "aa" } }]\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml",
        HEAD + '[[packages]]\nname = "a"\nversion = "1"\ndirectory = { path = "." }\n',
        HEAD + '[[packages]]\nname = "a"\n' + WHEEL,
        HEAD + '[[packages]]\nname = "a"\nversion = "1"\n' + WHEEL.replace("sha256", "md5"),
        HEAD + 'requires-python = "<3"\n[[packages]]\nname = "a"\nversion = "1"\n' + WHEEL,
        HEAD + '[[packages]]\nname = "a"\nversion = "1"\n' + WHEEL.replace("py3-none-any", "cp27-none-any"),
    ],
)
def test_what_is_no_lock_for_this_python_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pylock.toml").write_text(text)
    with pytest.raises(LockInvalid):
        read(tmp_path / "pylock.toml")
