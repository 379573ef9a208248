"""How a benchmark says what it found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def report(found: Mapping[str, Any], output: Path | None) -> None:
    """Print the figures as one JSON, and write them where that is wanted."""
    text = json.dumps(found, indent=1)
    print(text)
    if output:
        output.write_text(text + "\n")
