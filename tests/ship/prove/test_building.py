"""What a builder says of a failure becomes a finding at the instruction that failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.ship.prove.building import build, explain
from greenroom.ship.prove.engine import Engine
from greenroom.ship.prove.instructions import exposed, instructions, started
from greenroom.ship.prove.sources import package_sources

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG TAG=12
FROM debian:12 AS build
RUN apt-get update \\
    # a remark in the midst
    && apt-get install -y python3

RUN pip install torch==2.8.2
FROM debian:12
COPY --from=build /opt /opt
RUN <<EOF
echo one
EXPOSE 1
EOF
EXPOSE 8000/tcp
CMD ["/start.sh"]
"""
BUILDAH = """\
[1/2] STEP 1/3: FROM debian:12 AS build
[1/2] STEP 2/3: RUN apt-get update     && apt-get install -y python3
[1/2] STEP 3/3: RUN pip install torch==2.8.2
error: externally-managed-environment
subprocess exited with status 1
Error: building at STEP "RUN pip install torch==2.8.2": exit status 1
"""
BUILDKIT = """\
#8 [build 3/3] RUN pip install torch==2.8.2
#8 0.412 ERROR: No matching distribution found for torch==2.8.2
#8 ERROR: process "/bin/sh -c pip install torch==2.8.2" did not complete successfully: exit code: 1
------
Dockerfile:8
--------------------
   8 | >>> RUN pip install torch==2.8.2
--------------------
ERROR: failed to solve: process "/bin/sh -c pip install torch==2.8.2" did not complete successfully: exit code: 1
"""


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (BUILDAH, "pip-refused", "externally-managed-environment"),
        (BUILDKIT, "release-missing", "No matching distribution found"),
        (BUILDAH.replace("externally-managed-environment", "No space left on device"), "disk-full", "No space"),
        (BUILDAH.replace("externally-managed-environment", "odd"), "build-failed", "error: odd"),
        (
            BUILDAH.replace("externally-managed-environment", "not accepted\n mend: add --accept-licence"),
            "licence-not-accepted",
            "error: not accepted; mend: add --accept-licence",
        ),
    ],
)
def test_the_instruction_and_the_cause_are_named(said: str, code: str, words: str) -> None:
    found = explain(said, DOCKERFILE)
    assert found.code == code
    assert found.place == "Dockerfile:8"
    assert words in found.message
    assert found.mend


PULLED = """\
STEP 1/2: FROM registry.example/debian:99
Trying to pull registry.example/debian:99...
time="2026-12-01T05:00:00Z" level=warning msg="failed, retrying in 1s ... (1/3)"
Error: creating build container: initializing source docker://registry.example/debian:99: {why}
"""


def test_a_base_that_cannot_be_fetched_is_said_with_its_reason() -> None:
    why = "pinging container registry registry.example: connection refused"
    found = explain(PULLED.format(why=why), "FROM registry.example/debian:99\nCMD true\n")
    assert (found.code, found.place) == ("base-unreachable", "Dockerfile:1")
    assert found.message.endswith(f"docker://registry.example/debian:99: {why}")
    assert "Trying" not in found.message


def test_a_stage_whose_base_is_not_there_is_not_blamed_on_the_program_before_it() -> None:
    said = BUILDAH.replace("error: externally-managed-environment\nsubprocess exited with status 1\n", "all is well\n")
    said = said.rpartition("Error: ")[0] + "[2/2] STEP 1/3: FROM debian:12\n" + PULLED.format(why="manifest unknown")
    found = explain(said, DOCKERFILE)
    assert found.code == "base-missing"
    assert "all is well" not in found.message


def test_what_buildah_itself_cannot_do_is_the_reason() -> None:
    said = (
        "STEP 1/2: FROM debian:12\nSTEP 2/2: COPY absent /opt\n"
        'Error: building at STEP "COPY absent /opt": checking on sources: "/absent": no such file or directory\n'
    )
    found = explain(said, "FROM debian:12\nCOPY absent /opt\n")
    assert (found.code, found.place) == ("file-missing", "Dockerfile:2")
    assert found.message == 'COPY failed: checking on sources: "/absent": no such file or directory'


def test_a_base_that_is_not_there_is_the_first_line() -> None:
    found = explain("STEP 1/2: FROM debian:99\nError: manifest unknown", "FROM debian:99\nCMD true\n")
    assert (found.code, found.place) == ("base-missing", "Dockerfile:1")


def test_instructions_have_their_lines_and_stages() -> None:
    found = [(one.name, one.line, one.stage) for one in instructions(DOCKERFILE)]
    assert found == [
        ("ARG", 2, 0), ("FROM", 3, 1), ("RUN", 4, 1), ("RUN", 8, 1), ("FROM", 9, 2), ("COPY", 10, 2), ("RUN", 11, 2),
        ("EXPOSE", 15, 2), ("CMD", 16, 2),
    ]  # fmt: skip
    assert exposed(DOCKERFILE) == 8000
    start = started(DOCKERFILE)
    assert start is not None
    assert start.line == 16


@given(st.text(alphabet="FROMRUN <\\\n#EOF'\"abc:12$"))
def test_no_text_breaks_the_reader(text: str) -> None:
    for one in instructions(text):
        assert 1 <= one.line <= len(text.splitlines())


@given(st.text())
def test_no_words_of_a_builder_break_the_explanation(said: str) -> None:
    assert explain(said, DOCKERFILE).severity == "error"


def test_a_build_that_fails_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    builder = tmp_path / "builder"
    builder.write_text(f"#!/bin/sh\ncat <<'END'\n{BUILDAH}END\nexit 1\n")
    builder.chmod(0o755)
    built = build(Engine("podman", ("false",), (str(builder), "build")), tmp_path, "it:1")
    assert [found.code for found in built.findings] == ["pip-refused"]


def test_packages_come_from_where_they_come_from_here(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("certificates")
    options = {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "file:///here /there",
        "cert": str(bundle),
    }
    found = package_sources(tmp_path, options)
    assert found["ca"] == bundle
    assert found["pip"].read_text() == (
        "[global]\nindex-url = https://mirror.example/simple\ncert = /etc/ssl/certs/ca-certificates.crt\n"
    )
    assert package_sources(tmp_path, {}) == {}
