"""The address that serve listens on, and the token of the model hub. Nothing is sent anywhere."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.machine.host import Network, Token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.settings import Settings

# Tokens of users, of organisations, and those that a sign-in gives.
_FORMS = re.compile(r"(hf_|api_org_|hf_oauth_|hf_jwt_)[A-Za-z0-9._-]+")


def find_network(settings: Settings, environ: Mapping[str, str]) -> Network:
    """What serve and pull will meet."""
    return Network(
        host=settings.host,
        port=settings.port,
        bind_error=_bind_error(settings.host, settings.port),
        token=_token(settings, environ),
        offline=settings.offline,
    )


def form_fault(token: str, *, mirror: bool = False) -> str:
    """What the form of a token has wrong, without any of its letters; empty if nothing.

    mirror: it is not for the hub itself, and may begin in any way.
    """
    if not token.strip():
        return "it is empty"
    if token != token.strip():
        return "there is white space around it"
    if token[0] in "\"'" or token[-1] in "\"'":
        return "there are quotation marks around it"
    if re.search(r"\s", token):
        return "there is white space in it"
    return "" if mirror or _FORMS.fullmatch(token) else "it does not begin with hf_, as tokens of the hub do"


def _bind_error(host: str, port: int) -> int | None:
    """The errno of listening there, None if one could. Nobody is listened to: the socket is closed at once."""
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            "127.0.0.1" if host == "localhost" else host,
            port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE | socket.AI_NUMERICHOST,
        )
    except OSError:  # a name: to ask for it might take long
        return None
    try:
        with socket.socket(family, kind, protocol) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen()
    except OSError as error:
        return error.errno or errno.EINVAL
    return None


def _token(settings: Settings, environ: Mapping[str, str]) -> Token | None:
    mirror = settings.hf_endpoint is not None
    if settings.hf_token is not None:
        return Token("HF_TOKEN", form_fault(settings.hf_token.get_secret_value(), mirror=mirror))
    caches = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".cache"
    home = settings.hf_home or Path(caches) / "huggingface"
    file = Path(environ.get("HF_TOKEN_PATH") or home / "token")
    try:
        token = file.read_text(encoding="utf-8", errors="replace")
        mode = file.stat().st_mode
    except OSError:
        return None
    others = stat.S_IRGRP | stat.S_IROTH
    own = file.stat().st_uid == os.getuid()
    # The hub's client strips the file's line end.
    return Token(str(file), form_fault(token.strip(), mirror=mirror), str(file) if mode & others and own else None)
