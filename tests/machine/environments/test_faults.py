"""What happens to machines: two at once, killed in the middle, a full disk, an index that breaks off."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.machine.environments.folder import all_environments, linked
from greenroom.machine.environments.install import install
from greenroom.machine.environments.request import Request
from greenroom.progress import silent
from tests.machine.environments.index import QUICK, Index, own_wheel
from tests.machine.environments.installing import Installing, installers
from tests.machine.environments.test_install import said

Start = Callable[..., Installing]
KILLS = 8


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a process that installs."""
    with installers(tmp_path_factory.mktemp("said")) as started:
        yield started.start


def test_two_at_once_make_one_environment(index: Index, root: Path, start: Start) -> None:
    both = [start(root), start(root)]
    assert sorted(process.end() for process in both) == ["built", "kept"]
    assert len(all_environments(root)) == 1
    assert said(root) == "hello 1.0\n"


def test_killed_at_any_moment_what_is_current_is_whole(index: Index, root: Path, start: Start) -> None:
    """Each kill meets another moment of another environment's making, uv's copying included."""
    chance, begun = random.Random(5), time.monotonic()
    assert start(root, "word").end() == "built"
    took = time.monotonic() - begun
    for number in range(KILLS):
        process = start(root, f"word{number}")
        time.sleep(chance.uniform(0.0, took))
        with contextlib.suppress(ProcessLookupError):  # it was done before
            os.kill(process.pid, signal.SIGKILL)
        current = linked(root, "current")
        assert current is not None
        assert current.is_sound()
        assert said(root).startswith("word")
        assert all(environment.is_untouched() for environment in all_environments(root))
    assert start(root, "last").end() == "built"
    assert said(root) == "last 1.0\n"
    assert not list(root.glob("*.new")) + list(root.glob("*.old"))


def test_an_index_that_breaks_off_every_third_time_gives_a_whole_environment(
    index: Index, request_: Request, root: Path
) -> None:
    for name in ("epsilon", "zeta"):  # pages may be kept, as those of public indexes are: names that no other test has
        index.add(name)
    index.fail_every, index.max_age = 3, 600
    request = replace(request_, own=own_wheel(requires=["epsilon", "zeta"]))
    done = install(request, root, silent, QUICK)
    assert (done.outcome, done.packages) == ("built", 3)
    current = linked(root, "current")
    assert current is not None
    assert current.is_sound()


def test_a_disk_that_fills_up_leaves_nothing_and_the_next_try_succeeds(index: Index, root: Path, start: Start) -> None:
    """A limit on the length of files stands for the disk: it needs no mount, and ends a write in the middle as well."""
    noise = random.Random(1).randbytes(600_000)
    index.add("beta", "1.2", files={"beta/__init__.py": "version = '1.2'\n", "beta/data.bin": noise})
    assert start(root, longest_file=300_000).end().startswith("environment-disk-full: ")
    assert linked(root, "current") is None
    assert all_environments(root) == ()
    assert start(root).end() == "built"
    assert (root / "current").is_dir()
