"""RECORD against the disk: whatever is not as it was installed is found, and by its name."""

from __future__ import annotations

import shutil
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.machine.environments.lock import Locked
from greenroom.machine.environments.record import Damage, find_damage, fingerprint, import_names
from tests.machine.environments.index import encoded

SITE = Path("lib/python3.11/site-packages")
ALPHA = Locked("alpha", "1.0", "https://example.org/alpha-1.0-py3-none-any.whl", "0" * 64)


def installed(root: Path, files: dict[str, bytes], name: str = "alpha", version: str = "1.0") -> Path:
    """A package as an installer leaves it; gives site-packages."""
    site = root / SITE
    info = f"{name}-{version}.dist-info"
    all_files = {**files, f"{info}/METADATA": b"Name: alpha\n", f"{info}/WHEEL": b"Wheel-Version: 1.0\n"}
    rows = []
    for path, content in all_files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
        rows.append(f'"{path}",sha256={encoded(content)},{len(content)}')
    (site / info / "RECORD").write_text("\n".join([*rows, f"{info}/RECORD,,", ""]))
    return site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return installed(
        tmp_path, {"alpha/__init__.py": b"one\n", "alpha/data, with comma.txt": b"two", "../../../bin/a": b"#!"}
    )


def test_what_is_as_it_was_installed_has_no_damage(tmp_path: Path, site: Path) -> None:
    assert find_damage(tmp_path, [ALPHA]) == ()


def replace_by_folder(site: Path) -> None:
    (site / "alpha/__init__.py").unlink()
    (site / "alpha/__init__.py").mkdir()


def truncate_record(site: Path) -> None:
    record = site / "alpha-1.0.dist-info/RECORD"
    record.write_text(record.read_text()[:-60])


def change_record(site: Path) -> None:
    record = site / "alpha-1.0.dist-info/RECORD"
    record.write_text(record.read_text() + '"../../../../etc/passwd",,\n')


MENDABLE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "deleted": (lambda site: (site / "alpha/__init__.py").unlink(), "alpha/__init__.py", "missing"),
    "same length": (lambda site: (site / "alpha/__init__.py").write_bytes(b"eno\n"), "alpha/__init__.py", "changed"),
    "cut short": (lambda site: (site / "alpha/__init__.py").write_bytes(b""), "alpha/__init__.py", "changed"),
    "script": (lambda site: (site / "../../../bin/a").resolve().write_bytes(b"!#"), "../../../bin/a", "changed"),
    "a folder": (
        replace_by_folder,
        "alpha/__init__.py",
        "unreadable",
    ),
    "no record": (
        lambda site: (site / "alpha-1.0.dist-info/RECORD").unlink(),
        "alpha-1.0.dist-info/RECORD",
        "missing",
    ),
    "half a record": (truncate_record, "alpha-1.0.dist-info/RECORD", "unreadable"),
    "outside": (change_record, "../../../../etc/passwd", "outside"),
    "gone": (lambda site: shutil.rmtree(site / "alpha-1.0.dist-info"), "", "not installed"),
    "twice": (lambda site: (site / "alpha-0.9.dist-info").mkdir(), "", "twice"),
    "older": (
        lambda site: (site / "alpha-1.0.dist-info").rename(site / "alpha-0.9.dist-info"),
        "",
        "another version",
    ),
}


@pytest.mark.parametrize("case", MENDABLE)
def test_damage_is_found_and_named(tmp_path: Path, site: Path, case: str) -> None:
    before = fingerprint(tmp_path, [ALPHA])
    harm, path, what = MENDABLE[case]
    harm(site)
    assert Damage("alpha", path, what) in find_damage(tmp_path, [ALPHA])  # type: ignore[arg-type]  # one of the words
    assert fingerprint(tmp_path, [ALPHA]) != before


def test_bytecode_is_python_s_own_affair(tmp_path: Path) -> None:
    site = installed(tmp_path, {"alpha.py": b"", "__pycache__/alpha.cpython-311.pyc": b"old"})
    (site / "__pycache__/alpha.cpython-311.pyc").unlink()
    assert find_damage(tmp_path, [ALPHA]) == ()


def test_names_and_versions_are_compared_as_packages_write_them(tmp_path: Path) -> None:
    installed(tmp_path, {"a.py": b""}, "Alpha_Beta", "1.0+cpu.1")
    assert find_damage(tmp_path, [Locked("alpha-beta", "1.0+cpu.1", "", "")]) == ()


@settings(max_examples=25, deadline=None)
@given(
    files=st.dictionaries(
        st.text(string.ascii_letters + " ,\"'é", min_size=1, max_size=8).map(lambda name: f"alpha/{name}.txt"),
        st.binary(max_size=64),
        min_size=1,
        max_size=4,
    ),
    place=st.integers(0, 2**32),
)
def test_any_one_flipped_bit_is_found(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], place: int
) -> None:
    root = tmp_path_factory.mktemp("flipped")
    quoted = {path.replace('"', "'"): content for path, content in files.items()}
    site = installed(root, quoted)
    assert find_damage(root, [ALPHA]) == ()
    path = sorted(quoted)[place % len(quoted)]
    content = bytearray(quoted[path])
    if content:
        content[place % len(content)] ^= 1 << place % 8
        (site / path).write_bytes(content)
        assert find_damage(root, [ALPHA]) == (Damage("alpha", path, "changed"),)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["alpha/__init__.py", "alpha/inner/__init__.py", "alpha/core.py"], ["alpha"]),
        (["google/cloud/speech/__init__.py", "google/cloud/speech/v1/__init__.py"], ["google.cloud.speech"]),
        (["single.py", "_private.py"], ["single"]),
        (["native.cpython-311-x86_64-linux-gnu.so"], ["native"]),
        (["one/__init__.py", "two/__init__.py", "tests-data/__init__.py"], ["one", "two"]),
        (["share/data.txt", "../../../bin/tool.py"], []),
    ],
)
def test_modules_are_told_from_files(tmp_path: Path, files: list[str], names: list[str]) -> None:
    installed(tmp_path, dict.fromkeys(files, b""))
    assert list(import_names(tmp_path, "alpha")) == names
