"""What shellcheck says, where it is installed: of its findings only those that it calls errors."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import warning
from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding

# It reads a script in some ten milliseconds; more scripts than this are no recipe, and are left to it alone.
_MOST = 50
_SECONDS = 5


def scripts(recipe: Recipe) -> Iterator[Finding]:
    """Scripts of the folder. A warning at most: it knows nothing of the image in which they run."""
    program = shutil.which("shellcheck")
    wanted = {
        text.path
        for text in recipe.texts
        if text.kind in ("start", "script") and text.interpreter in ("sh", "bash", "dash")
    }
    paths = sorted(path for path in wanted if path in recipe.folder.known and path.endswith((".sh", ".bash")))[:_MOST]
    if program is None or not paths:
        return
    command = [program, "--format=json1", "--severity=error", "--norc", "--", *(f"./{path}" for path in paths)]
    try:
        done = subprocess.run(  # noqa: S603 - our own program on files that it only reads
            command, cwd=recipe.folder.root, capture_output=True, timeout=_SECONDS, check=False
        )
        said = json.loads(done.stdout)["comments"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return  # it is asked as a second reader: what it cannot say was looked at by the others
    for comment in said:
        place = Place(str(comment["file"]).removeprefix("./"), int(comment["line"]))
        mend = f"see SC{comment['code']} in shellcheck's wiki"
        yield warning("shellcheck", place, f"{str(comment['message']).rstrip('.')} (SC{comment['code']})", mend)
