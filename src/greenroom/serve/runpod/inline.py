"""Small files that come within the input itself, as ``data:`` URLs (RFC 2397) in base64."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid
from greenroom.files import writing_to
from greenroom.serve.probing import MediaInvalid

if TYPE_CHECKING:
    from pathlib import Path

SCHEME = "data:"
_HEAD = re.compile(r"data:[^,;\s]{0,128}(?:;[^,;\s]{1,128}){0,8};base64,", re.IGNORECASE)


def write_inline(url: str, folder: Path, name: str, most: int) -> Path:
    """Write what a ``data:`` URL holds into ``folder``. name: of the input.  most: bytes that it may hold.

    The type that it names is not believed: whoever takes the file looks at it. Raises InputInvalid, MediaInvalid,
    OutputUnwritable.
    """
    head = _HEAD.match(url)
    if head is None:
        raise InputInvalid(
            f"{name} is a data: URL without base64", mend="write data:audio/wav;base64,... or give a URL"
        )
    coded = url[head.end() :]
    if len(coded) // 4 * 3 > most + 2:
        raise MediaInvalid(f"{name} holds about {len(coded) // 4 * 3:,} bytes", mend=f"give {most:,} bytes or fewer")
    try:
        content = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputInvalid(f"{name} is no base64 after its comma", mend="encode the file's bytes in base64") from error
    path = folder / f"inline-{secrets.token_hex(8)}"
    with writing_to(path):
        path.write_bytes(content)
    return path
