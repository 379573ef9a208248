"""Where packages come from on this machine, and whom it trusts: the same holds for what is built and started here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.machine.environments.index_settings import pip_options

if TYPE_CHECKING:
    from collections.abc import Mapping

# Where an image has these files; the Dockerfile takes them as secrets of the same names.
PLACES = {"pip": "/etc/pip.conf", "ca": "/etc/ssl/certs/ca-certificates.crt"}


def package_sources(folder: Path, options: Mapping[str, str] | None = None) -> dict[str, Path]:
    """Files by the name of their secret; what has to be written is written into ``folder``. options: of pip."""
    options = pip_options() if options is None else options
    found: dict[str, Path] = {}
    names = ("index-url", "extra-index-url", "trusted-host")
    told = {name: _reachable(options[name]) for name in names if name in options}
    bundle = options.get("cert")
    if bundle and Path(bundle).is_file():
        found["ca"] = Path(bundle)
        told["cert"] = PLACES["ca"]
    lines = [f"{name} = {value}" for name, value in told.items() if value]
    if lines:
        found["pip"] = folder / "pip.conf"
        found["pip"].write_text("\n".join(["[global]", *lines, ""]), encoding="utf-8")
    return found


def _reachable(addresses: str) -> str:
    """Those that a container reaches: no folders of this machine."""
    return " ".join(word for word in addresses.split() if not word.startswith(("file:", "/")))
