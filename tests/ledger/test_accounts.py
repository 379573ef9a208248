"""The words of an operation's entry: commands without secrets, places without homes, output that breaks nothing out."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.ledger.accounts import LINES, code, command_line, last_lines, listed, plain, short, without_places
from greenroom.ledger.journal import entries_of, written


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["pull", "a b"], "greenroom pull 'a b'"),
        (["x", "--token", "abc"], "greenroom x --token ********"),
        (["x", "--api-key=abc", "y"], "greenroom x --api-key=******** y"),
        (["x", "--password", "--json"], "greenroom x --password --json"),
        (["x", "--hidden-word"], "greenroom x --MASKED-word"),
    ],
)
def test_a_command_is_as_typed_without_its_secrets(arguments: list[str], typed: str) -> None:
    assert command_line(arguments, lambda text: text.replace("hidden", "MASKED")) == typed


def test_places_of_this_machine_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    shown = without_places(tmp_path / "home" / "project")
    assert shown(f"{tmp_path}/home/project/image") == "./image"
    assert shown(f"in {tmp_path}/home/project.") == "in .."
    assert shown(f"'{tmp_path}/home/project', {tmp_path}/home/hf") == "'.', ~/hf"
    assert shown(f"file://{tmp_path}/home/x") == "file://~/x"
    assert shown(f"{tmp_path}/homely {tmp_path}/home-2/x") == f"{tmp_path}/homely {tmp_path}/home-2/x"
    monkeypatch.setenv("HOME", "/")
    assert without_places(tmp_path)("/etc/x") == "/etc/x"


def test_one_thing_is_a_line_and_several_are_a_list() -> None:
    assert listed([]) == ""
    assert listed(["one", "", "one"]) == "one"
    assert listed(["one", "two\nlines"]) == "2 of them:\n- one\n- two lines"
    assert len(short("x" * 5000)) <= 600


def test_only_the_end_of_the_output_is_kept() -> None:
    lines = last_lines(["\x1b[31mred\x1b[0m", *map(str, range(40))]).splitlines()
    assert lines == ["```text", *map(str, range(40 - LINES, 40)), "```"]
    assert last_lines(["", " "]) == ""
    assert last_lines(["```", "# x"]).splitlines() == ["````text", "```", "# x", "````"]


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=5))
def test_whatever_is_said_an_entry_stays_one_entry_of_one_item(text: str, lines: list[str]) -> None:
    fields = {
        "What": f"x{code(text)}",
        "Why": f"x{short(text)}",
        "Issues": listed(["x", *lines]),
        "Result": last_lines(lines),
    }
    (entry,) = entries_of(written("2026-03-04 10:12", f"x{short(text)}", fields))
    (item,) = entry.items
    assert [field.name for field in item.fields] == ["What", "Why", "How", "Issues", "Result"]
    assert entry.tags == ()
    assert "](" not in entry.text
    assert "\x1b" not in plain(text)


@given(st.lists(st.text(min_size=1), max_size=4))
def test_a_command_can_be_typed_again(arguments: list[str]) -> None:
    typed = shlex.split(command_line(arguments, lambda text: text))
    assert typed[0] == "greenroom"
    assert len(typed) == len(arguments) + 1
