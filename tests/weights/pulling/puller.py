"""The command line in a process of its own, with made-up recipes: ``python puller.py RECIPES ARGUMENTS``.

FILE_LIMIT in the environment limits the length of files, as a disk that fills up does.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from unittest.mock import patch

from greenroom.cli import main
from greenroom.recipes import catalogue


def run(folder: str, *arguments: str) -> None:
    if limit := os.environ.get("FILE_LIMIT"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    made = catalogue.Catalogue(Path(folder))
    with patch.object(catalogue, "_packaged", lambda: made):
        main.main(arguments)


if __name__ == "__main__":
    run(*sys.argv[1:])
