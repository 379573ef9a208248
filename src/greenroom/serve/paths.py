"""Words without the places of files: where they lie on this machine is nobody's business who asks it over a network."""

from __future__ import annotations

import re

# In quotes, a path may have spaces.
_PATH = re.compile(r"(?<=['\"])/[^'\"\n]*/|(?<![\w/:.])/(?:[^/\s'\"]+/)+")


def without_paths(text: str) -> str:
    """Words with the names of files, and not where they lie."""
    return _PATH.sub("", text)
