"""Shell as a flat list of commands, each with its line, its operators and what it stands in."""

from __future__ import annotations

import pytest

from greenroom.diagnose.command import unquoted
from greenroom.diagnose.shell import parse


def test_commands_have_lines_operators_and_surroundings() -> None:
    script = parse(
        'set -e\nA=1 foo "$B" >> /x 2>&1 && bar | baz &\nif [ ! -f a ]; then\n  wait -n\nfi\nf() { echo hi; }\n'
    )
    assert [(one.words, one.line, one.before, one.after, one.around) for one in script.commands] == [
        (("set", "-e"), 1, "", "", ()),
        (("foo", "$B"), 2, "", "&&", ()),
        (("bar",), 2, "&&", "|", ()),
        (("baz",), 2, "|", "&", ()),
        (("[", "!", "-f", "a", "]"), 3, "", ";", ("if", "condition")),
        (("wait", "-n"), 4, "", "", ("if",)),
        (("echo", "hi"), 6, "", ";", ("function",)),
    ]
    assert script.functions == ("f",)
    assert script.commands[1].assigned == (("A", "1"),)


def test_a_redirect_belongs_to_the_last_command_of_a_list() -> None:
    first, second, third = parse("echo a > f && \\\n  echo b >> f && \\\n  echo c > f\n").commands
    assert [one.redirects[0].operator for one in (first, second, third)] == [">", ">>", ">"]
    assert [one.line for one in (first, second, third)] == [1, 2, 3]
    assert [one.after for one in (first, second, third)] == ["&&", "&&", ""]


def test_a_redirect_of_a_group_is_for_all_and_empties_once() -> None:
    first, second = parse("{ echo a; echo b; } > f\n").commands
    assert (first.redirects[0].operator, second.redirects[0].operator) == (">", ">>")


def test_documents_have_lines() -> None:
    cat, chmod = parse("cat <<'EOF' > f && chmod +x f\none $x\ntwo\nEOF\n", first=10).commands
    assert cat.document == (("one $x", 11), ("two", 12))
    assert cat.literal
    assert cat.redirects[0].target == "f"
    assert chmod.words == ("chmod", "+x", "f")
    assert not parse("cat <<EOF\n$x\nEOF\n").commands[0].literal


def test_what_is_no_shell_is_still_read() -> None:
    script = parse("echo one\nif then (\necho two\n")
    assert script.broken
    assert script.commands[0].words == ("echo", "one")


@pytest.mark.parametrize(
    ("words", "program"),
    [
        ("exec sudo -E python a.py", "python"),
        ("env A=1 nohup /usr/bin/python3 x", "python3"),
        ("timeout 5 curl x", "curl"),
        ("tini -- /start.sh", "start.sh"),
        ("exec", ""),
    ],
)
def test_the_program_behind_what_starts_it(words: str, program: str) -> None:
    assert parse(words).commands[0].program == program


def test_quotes() -> None:
    assert unquoted("'a b'") == "a b"
    assert unquoted('"a \\"b\\" $c"') == 'a "b" $c'
    assert unquoted("-d' '") == "-d "
    assert unquoted('"$A"/b') == "$A/b"
