"""Every command in the README and in docs/ runs, and prints what the page shows; links lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.findings import render
from greenroom.ledger.checks import check
from greenroom.ledger.tree import Tree
from greenroom.recipes.show import COLUMNS, summaries
from tests.docs.pages import PAGES, ROOT, SERVING, SPEAKING, Reader, plain_verb

# Of these it is the point that they are wrong.
ASIDE = ("tests/corpus/*", "tests/goldens/ledger/*")


@pytest.mark.parametrize("page", [page for page in PAGES if page not in SERVING | SPEAKING], ids=lambda page: page.name)
def test_the_commands_of_a_page_run_and_print_what_it_shows(page: Path, reader: Reader) -> None:
    """Those of other pages: tests/docs/test_pages_that_*.py."""
    reader.follows(page)


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        ("greenroom models", ({}, ["models"])),
        ("HF_TOKEN=hf_abc greenroom config", ({"HF_TOKEN": "hf_abc"}, ["config"])),
        ("greenroom worker joe --test-input '{\"a\": \"$5\"}'", ({}, ["worker", "joe", "--test-input", '{"a": "$5"}'])),
        ('greenroom speak "It is $5."', None),
        ("greenroom models | head", None),
        ("greenroom doctor --json > machine.json", None),
        ("curl -s http://127.0.0.1", None),
    ],
)  # fmt: skip
def test_what_a_shell_reads_otherwise_is_left_to_it(
    command: str, verb: tuple[dict[str, str], list[str]] | None
) -> None:
    assert plain_verb(command) == verb


def test_the_table_of_models_is_the_catalogue() -> None:
    rows = [COLUMNS, *(model.row() for model in summaries())]
    table = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| ")]
    for row in rows:
        assert "| " + " | ".join(row) + " |" in table


def test_links_and_places_in_code_are_as_documents_say() -> None:
    """As `make lint` looks."""
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"--without '{pattern}'" in makefile for pattern in ASIDE)
    found = check(Tree.of(ROOT).without(ASIDE))
    assert not found, render(found)


def test_what_leads_nowhere_would_be_found() -> None:
    wrong = b"# Wrong\n\n[a](nowhere.md), [b](jobs.md#nowhere), `src/greenroom/words.py:900` - `counted`\n"
    found = check(Tree.of(ROOT).without(ASIDE).changed({"docs/wrong.md": wrong}))
    assert [finding.code for finding in found] == ["anchor-stale", "link-no-file", "link-no-section"]
