"""Packed environments on a volume: made once, unpacked by all, whole or not used."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.machine.environments.errors import PackDamaged
from greenroom.machine.environments.folder import linked, opened
from greenroom.machine.environments.install import install
from greenroom.machine.environments.parts import Parts
from greenroom.machine.environments.request import Request
from greenroom.machine.environments.volume import Packed, Volume
from greenroom.progress import silent
from tests.machine.environments.index import QUICK, Index, own_wheel
from tests.machine.environments.installing import PACE, Installing, installers
from tests.machine.environments.test_install import run, said

Start = Callable[..., Installing]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a process that installs."""
    with installers(tmp_path_factory.mktemp("said")) as started:
        yield started.start


@pytest.fixture(scope="module")
def filled(made: Path) -> Path:
    """A volume with a pack that another machine made."""
    root = made.parent / "volume"
    request = Request(Parts(("voice",), ()), own_wheel())
    assert run(request, made, volume=Volume(root, PACE)).outcome == "kept"
    return root


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path / "volume", PACE)


@pytest.fixture
def packed(index: Index, request_: Request, filled: Path, volume: Volume) -> Packed:
    """The pack, on a volume of its own."""
    shutil.copytree(filled, volume.root)
    found = volume.find(request_.key)
    assert found is not None
    return found


def test_another_machine_unpacks_it_without_an_index(
    index: Index, request_: Request, volume: Volume, packed: Packed, root: Path
) -> None:
    asked = len(index.requests)
    done = run(request_, root, volume=volume)
    assert (done.outcome, done.environment) == ("unpacked", packed.id)
    assert len(index.requests) == asked
    assert said(root) == "hello 1.0\n"
    config = (root / "current/pyvenv.cfg").read_text()
    assert "home = " in config
    assert run(request_, root, volume=volume).outcome == "kept"


def test_its_activation_leads_to_where_it_lies(packed: Packed, request_: Request, volume: Volume, root: Path) -> None:
    run(request_, root, volume=volume)
    command = [f". {root}/current/bin/activate && command -v greenroom"]
    shown = subprocess.run(["bash", "-c", *command], capture_output=True, text=True, check=True).stdout.strip()
    assert Path(shown).resolve() == (root / "current/bin/greenroom").resolve()


@pytest.mark.parametrize("place", [100, -100])
def test_one_wrong_byte_is_found_and_the_pack_made_anew(
    packed: Packed, request_: Request, volume: Volume, root: Path, place: int
) -> None:
    path = volume.root / packed.name
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert run(request_, root, volume=volume).outcome == "built"
    assert said(root) == "hello 1.0\n"
    again = volume.find(request_.key)
    assert again is not None
    with opened(root.parent / "third", silent) as environments:
        volume.unpack(again, request_.key, environments, silent)


def test_a_pack_that_is_cut_short_is_not_found(packed: Packed, request_: Request, volume: Volume) -> None:
    path = volume.root / packed.name
    os.truncate(path, packed.size - 1)
    assert volume.find(request_.key) is None


def test_a_pack_for_another_hash_leaves_nothing_behind(
    packed: Packed, request_: Request, volume: Volume, root: Path
) -> None:
    with opened(root, silent) as environments, pytest.raises(PackDamaged):
        volume.unpack(replace(packed, sha256="0" * 64), request_.key, environments, silent)
    assert not list(root.glob("env-*"))


def test_two_machines_at_once_make_one_pack(index: Index, volume: Volume, tmp_path: Path, start: Start) -> None:
    both = [start(tmp_path / name, volume=volume.root) for name in ("one", "two")]
    assert sorted(machine.end() for machine in both) == ["built", "unpacked"]
    assert len(list(volume.root.glob("env-*.tar.zst"))) == 1
    assert not list(volume.root.glob(".*.part"))
    assert said(tmp_path / "one") == said(tmp_path / "two") == "hello 1.0\n"


def test_who_waits_for_a_machine_that_is_killed_goes_on_itself(
    index: Index, volume: Volume, tmp_path: Path, start: Start
) -> None:
    first = start(tmp_path / "one", volume=volume.root)
    deadline = time.monotonic() + 60
    while not list(volume.root.glob("leases/*/0*")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    second = start(tmp_path / "two", volume=volume.root)
    time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    assert second.end() in {"built", "unpacked"}  # unpacked if the first was done before it was killed
    assert said(tmp_path / "two") == "hello 1.0\n"


def test_a_volume_that_takes_no_files_costs_a_warning(
    index: Index, request_: Request, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = run(request_, root, volume=Volume(tmp_path / "file" / "volume", PACE))
    assert done.outcome == "built"
    assert "nothing was packed for others" in done.warnings[0]
    assert linked(root, "current") is not None


def test_an_upgrade_replaces_what_others_unpack(
    index: Index, request_: Request, volume: Volume, packed: Packed, root: Path, tmp_path: Path
) -> None:
    index.add("beta", "2.0")
    install(request_, tmp_path / "maker", silent, replace(QUICK, volume=volume, upgrade=True))
    assert run(request_, root, volume=volume).outcome == "unpacked"
    assert said(root) == "hello 2.0\n"
    assert (volume.root / packed.name).exists()  # another may be reading it
    install(request_, tmp_path / "maker", silent, replace(QUICK, volume=volume, upgrade=True))
    assert not (volume.root / packed.name).exists()


def test_what_a_killed_packer_left_on_the_volume_goes_with_the_next_pack(
    index: Index, request_: Request, installed: Path, volume: Volume
) -> None:
    volume.root.mkdir()
    left, other = (volume.root / f".{request}-00000000.part" for request in (request_.key[:16], "f" * 16))
    left.write_bytes(b"half of it")
    other.write_bytes(b"somebody is at it")
    run(request_, installed, volume=volume)
    assert volume.find(request_.key) is not None
    assert (left.exists(), other.exists()) == (False, True)
