"""Where packages come from, as pip's configuration says; uv does not read that by itself."""

from __future__ import annotations

import configparser
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Options of pip that say where packages come from, and the variable by which uv takes the same.
_AS_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
}
_READ = (*_AS_UV, "constraint")
# Older names of the same variables: who has set one has told uv.
_OLDER = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}
_COMMA_SEPARATED = {"UV_FIND_LINKS"}
# Sections that hold for installing, the last one wins.
_SECTIONS = ("global", "install")
_SYSTEM = Path("/etc")
_URL_USER = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def pip_options(
    environ: Mapping[str, str] = os.environ, prefix: Path = Path(sys.prefix), system: Path = _SYSTEM
) -> dict[str, str]:
    """What pip's files and variables say of where packages come from, the stronger over the weaker, as pip reads them.

    prefix: of the Python whose pip it is.  system: where the files of the whole system are.
    Source: pip's documentation, "Configuration": global, user, site, PIP_CONFIG_FILE, environment.
    """
    found: dict[str, str] = {}
    for path in _files(environ, prefix, system):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError):
            continue  # pip itself says what is wrong with it
        for section in filter(parser.has_section, _SECTIONS):
            found.update({name: value for name, value in parser.items(section) if name in _READ})
    for name in _READ:
        if value := environ.get(f"PIP_{name.replace('-', '_').upper()}"):
            found[name] = value
    return found


def for_uv(
    environ: Mapping[str, str] = os.environ, prefix: Path = Path(sys.prefix), system: Path = _SYSTEM
) -> dict[str, str]:
    """Variables that tell uv what pip is told. What uv was told itself stays; empty where it has a file of its own."""
    if _has_own_file(environ, system):
        return {}
    options = pip_options(environ, prefix, system)
    told: dict[str, str] = {}
    for option, variable in _AS_UV.items():
        if option in options and not environ.get(variable) and not environ.get(_OLDER.get(variable, "")):
            words = options[option].split()
            told[variable] = ("," if variable in _COMMA_SEPARATED else " ").join(words)
    if {"UV_INDEX", "UV_FIND_LINKS"} & told.keys() and not environ.get("UV_INDEX_STRATEGY"):
        # pip takes the best release of all its indexes; uv alone would ask only the first that knows the name.
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return told


def constraint_files(
    environ: Mapping[str, str] = os.environ, prefix: Path = Path(sys.prefix), system: Path = _SYSTEM
) -> tuple[str, ...]:
    """Files and URLs of constraints that hold for everything, by what uv was told, else by what pip was told."""
    return tuple((environ.get("UV_CONSTRAINT") or pip_options(environ, prefix, system).get("constraint", "")).split())


def fingerprint(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """All that says where packages come from: with other indexes the same requirements mean other packages."""
    of_uv = {name: value for name, value in environ.items() if name.startswith("UV_") and "INDEX" in name}
    return {**pip_options(environ), **of_uv}


def redacted(text: str) -> str:
    """A text without the users and passwords of its URLs."""
    return _URL_USER.sub("****", text)


def _files(environ: Mapping[str, str], prefix: Path, system: Path) -> Iterator[Path]:
    """pip's configuration files, the weakest first."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    home = Path(environ.get("HOME") or "~").expanduser()
    for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep):
        yield Path(folder) / "pip" / "pip.conf"
    yield system / "pip.conf"
    yield home / ".pip" / "pip.conf"
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    yield prefix / "pip.conf"
    if named:
        yield Path(named)


def _has_own_file(environ: Mapping[str, str], system: Path) -> bool:
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".config")
    places = (home / "uv" / "uv.toml", system / "uv" / "uv.toml")
    return bool(environ.get("UV_CONFIG_FILE")) or any(place.is_file() for place in places)
