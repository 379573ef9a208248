"""Every broken recipe is found by its true cause, and no healthy one is called broken."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from greenroom.diagnose.diagnosing import diagnose, is_broken

CORPUS = Path(__file__).parents[1] / "corpus" / "builds"
LABELS = {path.parent.name: json.loads(path.read_text()) for path in sorted(CORPUS.glob("*/label.json"))}


@pytest.mark.parametrize("name", [name for name, label in LABELS.items() if label["verdict"] == "broken"])
def test_a_broken_recipe_is_found_by_its_true_cause(name: str) -> None:
    label = LABELS[name]
    found = [(one.code, one.path, one.line) for one in diagnose(CORPUS / name) if one.severity == "error"]
    assert (label["class"], label["file"], label["line"]) in found


@pytest.mark.parametrize("name", [name for name, label in LABELS.items() if label["verdict"] == "healthy"])
def test_a_healthy_recipe_is_not_called_broken(name: str) -> None:
    assert not is_broken(diagnose(CORPUS / name)), diagnose(CORPUS / name)


def test_the_corpus_has_classes_of_its_own_and_near_misses() -> None:
    verdicts = Counter((name.startswith("own-"), label["verdict"]) for name, label in LABELS.items())
    given = {label["class"] for name, label in LABELS.items() if not name.startswith("own-") and "class" in label}
    own = {label["class"] for name, label in LABELS.items() if name.startswith("own-") and "class" in label}
    assert verdicts[False, "broken"] == 24
    assert verdicts[False, "healthy"] == 10
    assert verdicts[True, "broken"] >= 22
    assert verdicts[True, "healthy"] >= 8
    assert len(own - given) >= 22
    assert all(label["origin"] for label in LABELS.values())


def test_every_code_that_is_found_stands_in_the_docs() -> None:
    page = (CORPUS.parents[2] / "docs" / "diagnose.md").read_text()
    codes = {finding.code for name in LABELS for finding in diagnose(CORPUS / name)}
    assert {code for code in codes if f"`{code}`" not in page} == set()
