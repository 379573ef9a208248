"""docs/adding-a-model.md is true of the family that it describes: what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "adding-a-model.md").read_text()
# A name in code with a slash in it, or with a file's ending; NAME stands for the reader's own.
PATHS = sorted(set(re.findall(r"`([\w./-]+(?:/|/[\w.-]+|\.(?:md|toml|txt|py)))`", PAGE)))
STEP = re.compile(r"^\| (\d+) [^|]+ \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)


def is_named_for_the_reader(path: str) -> bool:
    return "NAME" in path or path.startswith("/")


def test_every_path_on_the_page_exists() -> None:
    missing = [path for path in PATHS if not is_named_for_the_reader(path) and not (ROOT / path).exists()]
    assert not missing
    assert len(PATHS) > 40


def test_every_step_has_its_section_its_file_and_its_test() -> None:
    steps = STEP.findall(PAGE)
    assert [int(number) for number, _, _ in steps] == list(range(1, len(steps) + 1))
    sections = [int(number) for number in re.findall(r"^## (\d+)\. ", PAGE, re.MULTILINE)]
    assert sections == [int(number) for number, _, _ in steps]
    for _, file, test in steps:
        assert (ROOT / file).is_file()
        assert (ROOT / test).is_file()
        assert Path(test).name.startswith("test_")


def test_every_source_that_the_page_names_is_tested() -> None:
    """By a test in its place, or with a source that it serves; a family's parity by its goldens."""
    family = ROOT / "src" / "greenroom" / "models" / "f5tts"
    tests = {file.name for file in (ROOT / "tests" / "models" / "f5tts").glob("test_*.py")}
    with_test = [file.read_text() for file in family.glob("*.py") if f"test_{file.name}" in tests]
    named = [Path(path) for path in PATHS if path.startswith("src/greenroom/models/f5tts/") and path.endswith(".py")]
    assert len(named) > 20

    def is_tested(source: Path) -> bool:
        served = rf"\bgreenroom\.models\.f5tts\.{source.stem} import\b"
        return f"test_{source.name}" in tests or any(re.search(served, other) for other in with_test)

    assert not [str(source) for source in named if not source.stem.startswith("parity_") and not is_tested(source)]


def test_every_name_in_code_is_written_somewhere() -> None:
    """Classes, constants and functions: a page that names one which is gone sends readers astray."""
    code = "".join(file.read_text() for folder in ("src", "tests") for file in (ROOT / folder).rglob("*.py"))
    names = set(re.findall(r"`([A-Z]\w+|[a-z]+_[a-z_]+)`", PAGE)) - {"NAME"}
    assert names
    assert not {name for name in names if not re.search(rf"\b{name}\b", code)}
