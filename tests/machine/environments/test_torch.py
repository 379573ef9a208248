"""torch comes from an index of its own, where the machine needs another build than the usual one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.machine.environments.errors import IndexUnreachable
from greenroom.machine.environments.folder import linked
from greenroom.machine.environments.installer import Patience
from greenroom.machine.environments.request import Request, pins_torch
from greenroom.machine.torch_build import TorchBuild
from tests.machine.environments.index import Index, own_wheel, serving
from tests.machine.environments.test_install import run

NOBODY = "http://127.0.0.1:9/simple"  # the port that discards, where nobody listens
CUDA = TorchBuild("1.0", "cu999", None)


@pytest.fixture(scope="module")
def builds() -> Iterator[Index]:
    """An index of torch's builds."""
    with serving(Index()) as index:
        index.add("torch", "1.0+cu999", files={"torch/__init__.py": ""})
        yield index


@pytest.fixture
def with_torch(index: Index, request_: Request) -> Request:
    """A request whose voice needs torch, of which the usual index has the usual build."""
    index.add("torch")
    return replace(request_, own=own_wheel(requires=['torch; extra == "voice"']))


def installed_torch(root: Path) -> str:
    current = linked(root, "current")
    assert current is not None
    assert current.is_sound()
    return next(package.version for package in current.lock.packages if package.name == "torch")


def test_the_build_for_the_machine_comes_from_its_index(with_torch: Request, builds: Index, root: Path) -> None:
    done = run(replace(with_torch, torch=replace(CUDA, index=builds.url)), root)
    assert done.warnings == ()
    assert installed_torch(root) == "1.0+cu999"


def test_without_a_gpu_the_usual_build_does_where_that_index_is_away(with_torch: Request, root: Path) -> None:
    done = run(replace(with_torch, torch=TorchBuild("1.0", "cpu", NOBODY)), root)
    assert "the usual build" in done.warnings[0]
    assert installed_torch(root) == "1.0"


def test_with_a_gpu_another_build_will_not_do(with_torch: Request, root: Path) -> None:
    with pytest.raises(IndexUnreachable):
        run(replace(with_torch, torch=replace(CUDA, index=NOBODY)), root, patience=Patience(tries=2, pause=0.01))
    assert linked(root, "current") is None


def test_the_password_of_an_index_stays_out_of_the_lock(
    with_torch: Request, builds: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", builds.url.replace("//", "//me:hidden@"))
    run(with_torch, root)
    current = (root / "current").resolve()
    for file in (current / "pylock.toml", current / "greenroom-environment.json"):
        assert "hidden" not in file.read_text()


def test_constraints_may_say_which_torch_is_wanted(tmp_path: Path) -> None:
    for text, wanted in (
        ("torch==2.13.0\n", True),
        ("numpy\ntorch <3\n", True),
        ("torchvision==1\n# torch==1\n", False),
    ):
        (tmp_path / "constraints.txt").write_text(text)
        assert pins_torch([tmp_path / "constraints.txt"]) is wanted
