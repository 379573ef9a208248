"""pip's configuration, as uv is told it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from greenroom.machine.environments.index_settings import constraint_files, for_uv, pip_options, redacted


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user's: files of the system and of the user, and a variable."""
    (tmp_path / "system/pip").mkdir(parents=True)
    (tmp_path / "system/pip/pip.conf").write_text(
        "[global]\nindex-url = https://one.example/simple\nfind-links = /a /b\ntimeout = 60\nno-color = true\n"
    )
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").write_text(
        "[global]\nindex-url = https://two.example/simple\n[install]\nextra-index-url =\n    https://x.example\n    https://y.example\n"
    )
    return {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "system"), "PIP_CONSTRAINT": "/c.txt"}


def test_the_stronger_file_wins(environ: dict[str, str], tmp_path: Path) -> None:
    found = pip_options(environ, tmp_path, tmp_path)
    assert found["index-url"] == "https://two.example/simple"
    assert found["timeout"] == "60"
    assert "no-color" not in found
    environ["PIP_INDEX_URL"] = "https://three.example/simple"
    assert pip_options(environ, tmp_path, tmp_path)["index-url"] == "https://three.example/simple"


def test_uv_is_told_the_same(environ: dict[str, str], tmp_path: Path) -> None:
    assert for_uv(environ, tmp_path, tmp_path) == {
        "UV_DEFAULT_INDEX": "https://two.example/simple",
        "UV_INDEX": "https://x.example https://y.example",
        "UV_FIND_LINKS": "/a,/b",
        "UV_HTTP_TIMEOUT": "60",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    assert constraint_files(environ, tmp_path, tmp_path) == ("/c.txt",)


def test_what_uv_was_told_itself_stays(environ: dict[str, str], tmp_path: Path) -> None:
    told = for_uv(
        {**environ, "UV_INDEX_URL": "https://uv.example", "UV_INDEX_STRATEGY": "first-index"}, tmp_path, tmp_path
    )
    assert "UV_DEFAULT_INDEX" not in told
    assert "UV_INDEX_STRATEGY" not in told
    (tmp_path / ".config/uv").mkdir()
    (tmp_path / ".config/uv/uv.toml").touch()
    assert for_uv(environ, tmp_path, tmp_path) == {}


def test_a_named_file_is_read_last_and_none_at_all_where_the_null_device_is_named(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "own.conf").write_text("[global]\nindex-url = https://own.example\n")
    named = {**environ, "PIP_CONFIG_FILE": str(tmp_path / "own.conf")}
    assert pip_options(named, tmp_path, tmp_path)["index-url"] == "https://own.example"
    assert pip_options({**environ, "PIP_CONFIG_FILE": os.devnull}, tmp_path, tmp_path) == {"constraint": "/c.txt"}


def test_a_broken_file_is_pip_s_to_complain_of(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".config/pip/pip.conf").write_text("index-url = https://no.section\n")
    assert pip_options(environ, tmp_path, tmp_path)["index-url"] == "https://one.example/simple"


def test_passwords_are_not_said() -> None:
    assert (
        redacted("from https://user:secret@host/simple and http://t@h")
        == "from https://****@host/simple and http://****@h"
    )
