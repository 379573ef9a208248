"""Installing from an index: what is asked for is whole and current afterwards, or nothing has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.errors import OutputUnwritable
from greenroom.machine.environments import estimating, folder
from greenroom.machine.environments.errors import (
    DiskShort,
    FolderUnfit,
    ImportsFailed,
    NothingToUndo,
    PackageUnfit,
    RequirementsUnresolved,
)
from greenroom.machine.environments.folder import all_environments, linked, opened
from greenroom.machine.environments.install import Installed, estimate_install, install
from greenroom.machine.environments.installer import base_python
from greenroom.machine.environments.parts import Parts
from greenroom.machine.environments.record import site_packages
from greenroom.machine.environments.request import Request
from greenroom.machine.environments.started import mark_started
from greenroom.machine.probes.disks import Mount
from greenroom.progress import silent
from tests.machine.environments.index import QUICK, Index, own_wheel

Usage = namedtuple("Usage", "total used free")


def run(request: Request, root: Path, **options: object) -> Installed:
    return install(request, root, silent, replace(QUICK, **options))  # type: ignore[arg-type]  # options of Options


def gaining(request: Request, *gains: str) -> Request:
    return replace(request, parts=Parts(request.parts.needs, gains))


def said(root: Path) -> str:
    """What the installed greenroom says."""
    return subprocess.run([root / "current/bin/greenroom"], capture_output=True, text=True, check=True).stdout


def site(root: Path) -> Path:
    return site_packages((root / "current").resolve())


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if not path.name.startswith("."))


def test_what_is_installed_runs_and_stays_when_it_is_asked_for_again(
    index: Index, request_: Request, root: Path
) -> None:
    done = run(request_, root)
    assert (done.outcome, done.packages, done.degraded) == ("built", 3, ())
    assert said(root) == "hello 1.0\n"
    assert names(root) == ["activity", "current", f"env-{done.environment}", "wheels"]
    asked = len(index.requests)
    index.add("beta", "2.0")
    again = run(request_, root)
    assert (again.outcome, again.environment) == ("kept", done.environment)
    assert len(index.requests) == asked


def test_an_upgrade_stands_beside_the_old_one_and_undo_goes_back_and_forth(
    index: Index, request_: Request, installed: Path
) -> None:
    first = (installed / "current").resolve()
    index.add("beta", "2.0")
    second = run(request_, installed, upgrade=True)
    assert second.folder != first
    assert said(installed) == "hello 2.0\n"
    with opened(installed, silent) as environments:
        assert environments.undo().path == first
    assert said(installed) == "hello 1.0\n"
    with opened(installed, silent) as environments:
        assert environments.undo().path == second.folder
    assert said(installed) == "hello 2.0\n"


def test_nothing_is_undone_where_there_is_nothing_before(index: Index, request_: Request, installed: Path) -> None:
    with opened(installed, silent) as environments, pytest.raises(NothingToUndo, match="no earlier environment"):
        environments.undo()
    assert said(installed) == "hello 1.0\n"


def test_undo_refuses_an_earlier_environment_that_is_damaged(index: Index, request_: Request, installed: Path) -> None:
    first = (installed / "current").resolve()
    run(replace(request_, own=own_wheel("hi")), installed)
    (site_packages(first) / "beta/__init__.py").unlink()
    with opened(installed, silent) as environments, pytest.raises(NothingToUndo, match="is damaged"):
        environments.undo()
    assert said(installed) == "hi 1.0\n"


def test_releases_stay_when_more_is_asked_for(index: Index, request_: Request, installed: Path) -> None:
    index.add("beta", "2.0")
    more = run(gaining(request_, "google"), installed)
    assert more.outcome == "built"
    assert said(installed) == "hello 1.0\n"
    assert (site(installed) / "delta/__init__.py").exists()


def test_old_environments_go_once_something_was_served(index: Index, request_: Request, root: Path) -> None:
    ids = [run(replace(request_, own=own_wheel(word)), root).environment for word in ("one", "two", "three")]
    assert len(all_environments(root)) == 3
    mark_started((root / "current").resolve())
    done = run(replace(request_, own=own_wheel("three")), root)
    assert done.removed == (f"env-{ids[0]}",)
    assert {environment.marker.id for environment in all_environments(root)} == set(ids[1:])
    assert len(list((root / "wheels").iterdir())) == 2


def test_a_part_that_does_not_resolve_is_left_out_and_named(index: Index, request_: Request, root: Path) -> None:
    del index.wheels["gamma-1.0-py3-none-any.whl"]
    done = run(gaining(request_, "serve"), root)
    assert [entry.part for entry in done.degraded] == ["serve"]
    assert "gamma" in done.degraded[0].reason
    assert said(root) == "hello 1.0\n"
    assert [entry.part for entry in run(gaining(request_, "serve"), root).degraded] == ["serve"]
    index.add("gamma")
    assert run(gaining(request_, "serve"), root, upgrade=True).degraded == ()


def test_a_part_that_does_not_import_is_taken_out(index: Index, request_: Request, root: Path) -> None:
    index.add("gamma", "1.1", files={"gamma/__init__.py": "import os\nos.kill(os.getpid(), 11)\n"})
    done = run(gaining(request_, "serve"), root)
    assert [entry.part for entry in done.degraded] == ["serve"]
    assert "SIGSEGV" in done.degraded[0].reason
    assert not (site(root) / "gamma").exists()
    assert done.packages == 3


def test_a_part_with_wrong_bytes_is_left_out(index: Index, request_: Request, root: Path) -> None:
    index.add("gamma", "1.2")
    index.broken.add("gamma-1.2-py3-none-any.whl")
    done = run(gaining(request_, "serve"), root)
    assert [entry.part for entry in done.degraded] == ["serve"]
    assert not (site(root) / "gamma").exists()


def test_a_need_that_does_not_import_changes_nothing(index: Index, request_: Request, installed: Path) -> None:
    index.add("beta", "2.1", files={"beta/__init__.py": "raise OSError('libGL.so.1: cannot open shared object file')"})
    with pytest.raises(ImportsFailed, match=r"beta does not import: OSError: libGL\.so\.1"):
        run(request_, installed, upgrade=True)
    assert said(installed) == "hello 1.0\n"
    assert len(names(installed)) == 4


def test_a_need_with_wrong_bytes_is_refused(index: Index, request_: Request, root: Path) -> None:
    index.add("beta", "2.2")
    index.broken.add("beta-2.2-py3-none-any.whl")
    with pytest.raises(PackageUnfit):
        run(request_, root)
    assert names(root) == ["activity", "wheels"]


def test_a_need_that_nobody_has_is_said(index: Index, request_: Request, root: Path) -> None:
    del index.wheels["beta-1.0-py3-none-any.whl"]
    with pytest.raises(RequirementsUnresolved, match="beta"):
        run(request_, root)


def test_a_deleted_file_is_found_and_the_environment_made_anew(
    index: Index, request_: Request, installed: Path
) -> None:
    first = (installed / "current").resolve()
    (site(installed) / "alpha/__init__.py").unlink()
    done = run(request_, installed)
    assert (done.outcome, done.environment) == ("built", first.name.removeprefix("env-"))
    assert (site(installed) / "alpha/__init__.py").exists()
    assert names(installed) == ["activity", "current", first.name, "wheels"]


def test_a_damaged_cache_is_found_and_passed_by(index: Index, request_: Request, root: Path) -> None:
    """What uv links into an environment is one file with its cache's: damage there comes back with the next install."""
    index.add("alpha", "1.5")  # nobody else's
    run(request_, root)
    module = site(root) / "alpha/__init__.py"
    before = module.stat()
    assert before.st_nlink > 1
    with module.open("r+") as file:
        file.write("VERSION")
    os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(request_, root).outcome == "kept"  # sizes and times are as they were
    done = run(request_, root, verify=True)
    assert (done.outcome, done.repaired) == ("built", ("alpha",))
    assert module.read_text().startswith("version =")


def test_a_lock_of_the_user_is_installed_as_it_is(
    index: Index, request_: Request, installed: Path, tmp_path: Path
) -> None:
    lock = tmp_path / "pylock.toml"
    shutil.copy(installed / "current/pylock.toml", lock)
    for version in ("2.0", "3.0"):
        index.add("beta", version)
    done = run(replace(request_, lock=lock, own=own_wheel("hi")), tmp_path / "other")
    assert done.packages == 3
    assert said(tmp_path / "other") == "hi 1.0\n"


def test_constraints_hold(index: Index, request_: Request, root: Path, tmp_path: Path) -> None:
    index.add("beta", "2.0")
    (tmp_path / "constraints.txt").write_text("beta<2  # the old one\n")
    run(replace(request_, constraints=(tmp_path / "constraints.txt",)), root)
    assert said(root) == "hello 1.0\n"


def test_a_line_of_constraints_that_is_none_is_laid_to_its_file(
    index: Index, request_: Request, root: Path, tmp_path: Path
) -> None:
    constraints = tmp_path / "mine.txt"
    constraints.write_text("!!!\n")
    with pytest.raises(RequirementsUnresolved, match=r"mine\.txt:1") as caught:
        run(replace(request_, constraints=(constraints,)), root)
    assert not caught.value.retryable


def test_needs_and_gains_get_releases_that_fit_both(index: Index, request_: Request, root: Path) -> None:
    """Asked for one after another, the newest of what is needed would leave no room for the server."""
    index.add("beta", "2.0")
    own = own_wheel(requires=("alpha", 'beta; extra == "voice"', 'gamma; extra == "serve"', 'beta<2; extra == "serve"'))
    done = run(gaining(replace(request_, own=own), "serve"), root)
    assert (done.packages, done.degraded) == (4, ())
    assert said(root) == "hello 1.0\n"
    current = linked(root, "current")
    assert current is not None
    assert {package.name: package.part for package in current.lock.packages} == {
        "alpha": "",
        "beta": "",
        "gamma": "serve",
        "greenroom": "",
    }


def test_parts_are_told_apart_also_where_uv_keeps_no_cache(
    index: Index, request_: Request, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_NO_CACHE", "1")
    done = run(gaining(request_, "serve", "google"), root)
    current = linked(root, "current")
    assert current is not None
    assert (done.degraded, current.lock.only("serve")[0].name, current.lock.only("google")[0].name) == (
        (),
        "gamma",
        "delta",
    )


def test_a_folder_that_takes_nothing_is_named_with_the_option_that_chooses_another(
    request_: Request, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable) as caught:
        run(request_, tmp_path / "file/environments")
    assert caught.value.mend == "choose another --into"


def test_a_plan_counts_what_is_to_be_fetched_and_makes_nothing(
    index: Index, request_: Request, installed: Path
) -> None:
    root = installed.parent / "other"
    planned = estimate_install(request_, root)
    sizes = {name.partition("-")[0]: len(content) for name, content in index.wheels.items()}
    assert planned.download == sizes["alpha"] + sizes["beta"]
    assert (planned.packages, planned.fetched, planned.unsized) == (3, 2, 0)
    assert not root.exists()
    more = estimate_install(gaining(request_, "google"), installed)
    assert (more.fetched, more.download) == (1, sizes["delta"])


def test_a_full_disk_is_refused_before_a_byte_moves(
    index: Index, request_: Request, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**9, 10**9, estimating.MARGIN))
    with pytest.raises(DiskShort, match=r"about [\d.]+ kB"):
        run(request_, root)
    assert not any(path.endswith(".whl") for path in index.requests)


def test_a_network_file_system_is_refused_with_what_to_do(
    request_: Request, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "mounts", lambda _: (Mount("/", "ext4", False), Mount(str(root.parent), "nfs4", False)))
    with pytest.raises(FolderUnfit, match=r"network file system \(nfs4\)") as caught:
        run(request_, root)
    assert "--volume" in caught.value.mend
    assert not root.exists()


def test_a_virtual_environment_is_no_folder_of_environments(request_: Request, root: Path) -> None:
    root.mkdir()
    (root / "pyvenv.cfg").touch()
    with pytest.raises(FolderUnfit, match="virtual environment itself"):
        run(request_, root)


def test_the_python_below_is_left_alone(index: Index, request_: Request, root: Path) -> None:
    """PEP 668: nothing is ever installed into an interpreter that the system manages."""
    command = [str(base_python()), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    before = sorted((path.name, path.stat().st_mtime_ns) for path in place.iterdir())
    run(request_, root)
    assert sorted((path.name, path.stat().st_mtime_ns) for path in place.iterdir()) == before
    assert linked(root, "current") is not None
