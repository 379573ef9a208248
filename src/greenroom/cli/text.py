"""Text files and standard input, as the verbs read them."""

from __future__ import annotations

import sys
from pathlib import Path

from greenroom.errors import FileUnreadable, quoted

STANDARD = Path("-")
"""What stands for standard input or output where a path is expected."""


def read_text_file(file: Path) -> str:
    """The UTF-8 text in a file, or in standard input for ``-``. Raises FileUnreadable, naming the first bad byte."""
    name = "standard input" if file == STANDARD else quoted(file)
    try:
        data = sys.stdin.buffer.read() if file == STANDARD else file.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{name} cannot be read: {error.strerror}", mend="check the path") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{name} is not UTF-8 text: byte {error.start + 1} is {data[error.start]:#04x}"
        raise FileUnreadable(message, mend="convert it to UTF-8") from error
