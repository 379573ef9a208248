"""A folder for each server process, that leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from greenroom.serve.own_folder import own_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_each_has_its_own_and_takes_it_along(tmp_path: Path) -> None:
    """Two at once do not meet."""
    with own_folder(tmp_path) as one, own_folder(tmp_path) as other:
        assert one != other
        (one / "file").write_text("")
        assert other.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_server_left_is_removed_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    """The next server that starts cleans up."""
    program = (
        "import sys, time; from pathlib import Path; from greenroom.serve.own_folder import own_folder\n"
        "with own_folder(Path(sys.argv[1])) as mine:\n"
        "    (mine / 'file').write_text(''); print(mine, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = tmp_path / other.stdout.readline().strip().rsplit("/", 1)[-1]
        with own_folder(tmp_path) as mine:
            assert mine != theirs
            assert (theirs / "file").exists()
        other.kill()
        other.wait()
        assert theirs.exists()
        with own_folder(tmp_path) as mine:
            assert list(tmp_path.iterdir()) == [mine]
