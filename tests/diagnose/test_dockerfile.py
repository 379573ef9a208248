"""Our reader of Dockerfiles gives the instructions and lines that BuildKit's own parser gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from greenroom.diagnose.dockerfile import parse
from greenroom.diagnose.source import source_file

CORPUS = sorted((Path(__file__).parents[1] / "corpus" / "builds").glob("*/Dockerfile"))
LINES = [
    "FROM python:3.11-slim AS base", "RUN echo a && \\", "    echo b",
    "RUN --mount=type=cache,target=/x pip install y", "", "# a comment", "   # an indented comment",
    "COPY --chmod=755 --from=base a b /c/", "RUN <<EOF", "EOF", "RUN cat <<'END' > /x && \\", "END", "text",
    'CMD ["python", "app.py"]', "CMD ['python']", "ENV A=1 \\", "  B=2", "EXPOSE 8000", "copy <<X /a.sh", "X",
    "RUN echo '<<EOF'", "HEALTHCHECK --interval=5s CMD curl x", "ARG A=1", "USER app", "RUN a \\ ",
]  # fmt: skip


def ours(text: str) -> list[tuple[str, int, int, tuple[str, ...]]]:
    parsed = parse(source_file("Dockerfile", text.encode()))
    return [
        (one.keyword, one.line, one.end, tuple(document.name for document in one.heredocs))
        for one in parsed.instructions
    ]


def theirs(text: str) -> list[tuple[str, int, int, tuple[str, ...]]] | None:
    """None where BuildKit's parser refuses the text."""
    dockerfile: Any = pytest.importorskip("dockerfile")
    try:
        commands = dockerfile.parse_string(text)
    except (dockerfile.GoParseError, ValueError):
        return None
    return [
        (one.cmd.upper(), one.start_line, one.end_line, tuple(document.name for document in one.heredocs))
        for one in commands
    ]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.parent.name)
def test_the_corpus_is_read_as_buildkit_reads_it(path: Path) -> None:
    text = path.read_text()
    expected = theirs(text)
    if expected is not None and not parse(source_file("Dockerfile", text.encode())).faults:
        assert ours(text) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_any_lines_are_read_as_buildkit_reads_them(lines: list[str]) -> None:
    text = "\n".join(["FROM a", *lines]) + "\n"
    expected = theirs(text)
    assume(expected is not None and not parse(source_file("Dockerfile", text.encode())).faults)
    assert ours(text) == expected


def test_lines_of_values_flags_and_documents() -> None:
    text = (
        "FROM a\nRUN --mount=type=cache,target=/c \\\n  # why\n  pip install \\\n  torch==2.8.2\n"
        "COPY <<'E' /x\n$A\nE\n"
        'CMD ["a", "b"]\n'
    )
    run, copy, command = parse(source_file("Dockerfile", text.encode())).instructions[1:]
    assert run.flags == {"mount": "type=cache,target=/c"}
    assert run.line_of("torch") == 5
    assert run.value == "pip install   torch==2.8.2"
    assert copy.heredocs[0].lines == ("$A",)
    assert copy.heredocs[0].line == 7
    assert copy.heredocs[0].literal
    assert command.words == ("a", "b")


def test_faults_have_lines() -> None:
    def faults(text: str) -> list[tuple[str, int]]:
        return [(fault.code, fault.line) for fault in parse(source_file("Dockerfile", text.encode())).faults]

    assert faults("FROM a\nRUN b\n  && c\n") == [("continuation-missing", 2)]
    assert faults("FROM a\nRUM b\n") == [("dockerfile-invalid", 2)]
    assert faults("RUN b\n") == [("dockerfile-invalid", 1)]
    assert faults("") == [("dockerfile-invalid", 1)]
    assert faults("FROM a\nRUN <<E\nx\n") == [("dockerfile-invalid", 2)]
