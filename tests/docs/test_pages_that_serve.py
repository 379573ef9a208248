"""Every command in the pages that serve runs, and prints what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import SERVING, Reader


@pytest.mark.parametrize("page", sorted(SERVING), ids=lambda page: page.name)
def test_the_commands_of_a_page_run_and_print_what_it_shows(page: Path, reader: Reader) -> None:
    reader.follows(page)
