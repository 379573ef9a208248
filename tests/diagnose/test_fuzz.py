"""Whatever lies in a folder, diagnose says what it finds and does not fall over."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.diagnose.diagnosing import diagnose
from greenroom.diagnose.mending import changes
from greenroom.errors import InputInvalid
from greenroom.findings import render
from tests.diagnose.conftest import write

CORPUS = Path(__file__).parents[1] / "corpus" / "builds"
SEEDS = [
    {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != "label.json"}
    for folder in sorted(CORPUS.iterdir())
    if folder.is_dir()
]
WORDS = [
    b"FROM ", b"RUN ", b"COPY ", b"CMD ", b"ENV ", b"ARG ", b"HEALTHCHECK ", b"<<EOF\n", b"\\\n", b"&& ", b"|| ",
    b"| ", b"> ", b">> ", b"$(", b")", b"${", b"}", b"[", b"]", b"[[ ", b'"', b"'", b"`", b"#!", b"\r\n", b"\n",
    b"\t", b"if ", b"fi\n", b"do ", b"done\n", b"pip install ", b"torch==", b"--index-url ", b"-r ", b"git clone ",
    b"curl -o ", b"echo ", b"exec ", b"& ", b"wait\n", b"--from=", b"\xff\xfe", b"\x00", b"{", b"- ", b": ", b"*",
    b"&a ", b"*a", b"!", b"%", b"==", b"\xf0\x9f\x92\xa5", b"..", b"/", b"~", b"@",
]  # fmt: skip
QUICK = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


def survives(files: dict[str, bytes]) -> None:
    """Look at a recipe, in every form, and at what would be mended."""
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder), files)
        found = diagnose(root)
        for finding in found:
            assert finding.code
            assert finding.message
            assert finding.mend
            assert finding.line is None or finding.line > 0
        json.loads(render(found, "sarif"))
        changes(root, found, safe=False)


@QUICK
@given(st.data())
def test_mutated_recipes(data: st.DataObject) -> None:
    files = dict(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        name = data.draw(st.sampled_from(sorted(files)))
        content = files[name]
        begin = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(begin, min(len(content), begin + 30)))
        files[name] = content[:begin] + data.draw(st.sampled_from(WORDS)) + content[end:]
    survives(files)


@QUICK
@given(
    st.sampled_from(["Dockerfile", "start.sh", "compose.yaml", "endpoint.json", "requirements.txt"]),
    st.binary(max_size=300),
)
def test_random_bytes(name: str, content: bytes) -> None:
    survives(
        {"Dockerfile": b'FROM python:3.11-slim\nCOPY start.sh /s.sh\nCMD ["/s.sh"]\n', "start.sh": b"#!/bin/sh\n"}
        | {name: content}
    )


@QUICK
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_random_words(words: list[bytes]) -> None:
    survives(
        {
            "Dockerfile": b"FROM python:3.11-slim\n" + b"".join(words),
            "start.sh": b"#!/bin/bash\n" + b"".join(reversed(words)),
        }
    )


def test_deep_nesting_and_huge_lines() -> None:
    deep = 6_000
    started = time.process_time()
    for files in (
        {"Dockerfile": b"FROM python:3.11-slim\nRUN " + b"(" * deep + b"echo" + b")" * deep},
        {"Dockerfile": b"FROM python:3.11-slim\nRUN " + b"$(" * deep + b"echo" + b")" * deep},
        {"Dockerfile": b"FROM python:3.11-slim\nCMD " + b"[" * deep},
        {"Dockerfile": b"FROM python:3.11-slim\nRUN echo " + b"a" * 200_000},
        {"Dockerfile": b"FROM python:3.11-slim\n" + b"RUN echo hi >> /x \\\n && \\\n" * 1_500 + b"true\n"},
        {"Dockerfile": b"FROM a AS a\n" + b"".join(b"FROM a AS a%d\nENV A=$A$A$A\n" % number for number in range(300))},
        {"Dockerfile": b"FROM a\n", "compose.yaml": b"[" * deep, "endpoint.json": b"[" * deep + b"]" * deep},
        {"Dockerfile": b"FROM a\n", "compose.yaml": b"a: &a [" + b"*a, " * 100 + b"]\n"},
        {"Dockerfile": b"FROM a\nCOPY . /\n", ".dockerignore": b"**/" * 200 + b"a\n" + b"*" * 500, "x/y/z.txt": b""},
        {"Dockerfile": b"FROM a\n", "start.sh": b"if " * 1_500 + b"x; then :; fi\n" * 1_500},
        {"Dockerfile": b'FROM python:3.11\nCMD ["python", "a.py"]\nCOPY a.py .\n', "a.py": b"(" * 1_500},
    ):
        survives(files)
    assert time.process_time() - started < 20


def test_nothing_and_strange_names(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="holds no files"):
        diagnose(tmp_path)
    (tmp_path / "README.md").write_text("# Hello\n")
    (found,) = diagnose(tmp_path)
    assert (found.code, found.path, found.line) == ("no-dockerfile", ".", None)
    (tmp_path / "Dockerfile").mkdir()
    (tmp_path / "start.sh").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "a\nb.sh").write_text("#!/bin/sh\n")
    diagnose(tmp_path)
