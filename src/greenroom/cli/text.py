"""Text files and standard input, as the verbs read them."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from greenroom.errors import FileUnreadable, quoted

STANDARD = Path("-")
"""What stands for standard input or output where a path is expected."""


# More than any verb takes. A pipe may have no end, and a file may be a video that was named by mistake.
_MOST_BYTES = 16 * 2**20


def read_text_file(file: Path) -> str:
    """The UTF-8 text in a file, or in standard input for ``-``, of at most 16 MiB.

    Raises FileUnreadable, naming the first bad byte.
    """
    name = "standard input" if file == STANDARD else quoted(file)
    try:
        with contextlib.ExitStack() as stack:
            source = sys.stdin.buffer if file == STANDARD else stack.enter_context(file.open("rb"))
            data = source.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FileUnreadable(f"{name} cannot be read: {error.strerror}", mend="check the path") from error
    if len(data) > _MOST_BYTES:
        raise FileUnreadable(f"{name} holds more than {_MOST_BYTES:,} bytes of text", mend="give it in parts")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{name} is not UTF-8 text: byte {error.start + 1} is {data[error.start]:#04x}"
        raise FileUnreadable(message, mend="convert it to UTF-8") from error
