"""What an image holds: copied, ignored, written line by line, changed."""

from __future__ import annotations

from pathlib import Path

from greenroom.diagnose.gathering import read
from greenroom.diagnose.held import Held
from greenroom.diagnose.source import Place
from tests.diagnose.conftest import Recipe, write


def held(folder: Path, files: Recipe) -> Held:
    return read(write(folder, files)).images[0].files


def test_a_script_written_line_by_line(tmp_path: Path) -> None:
    made = held(
        tmp_path,
        {
            "Dockerfile": "FROM debian:12\n"
            "ENV AT=/srv\n"
            "RUN echo '#!/bin/sh' > $AT/s.sh \\\n"
            "  # a comment\n"
            '  && printf "%s\\n" one two >> $AT/s.sh && chmod 755 /srv/s.sh\n'
            "RUN cat <<'E' >> /srv/s.sh\nthree\nE\n"
            "RUN echo four | tee -a /srv/s.sh\n"
        },
    )
    file = made.get("/srv/s.sh")
    assert file is not None
    assert file.executable
    assert file.lines is not None
    assert [line for line, _ in file.lines] == ["#!/bin/sh", "one", "two", "three", "four"]
    assert [place.line for _, place in file.lines] == [3, 5, 5, 7, 9]


def test_copies_follow_ignore_rules_stages_and_moves(tmp_path: Path) -> None:
    made = held(
        tmp_path,
        {
            "Dockerfile": "FROM a AS one\nCOPY . /src/\nFROM b\nWORKDIR /app\n"
            "COPY --from=one /src/app app\nRUN mv app/x.py /y.py\n"
            "COPY app/*.txt notes/\n",
            ".dockerignore": "*.md\n!KEEP.md\n**/secret\n",
            "README.md": "",
            "KEEP.md": "",
            "app/x.py": "pass\n",
            "app/secret": "",
            "app/a.txt": "",
        },
    )
    assert sorted(made.files) == ["/app/app/a.txt", "/app/notes/a.txt", "/y.py"]
    assert made.files["/y.py"].lines == [("pass", Place("app/x.py", 1)), ("", Place("app/x.py", 2))]


def test_the_context_of_a_dockerfile_in_a_folder(tmp_path: Path) -> None:
    made = held(
        tmp_path,
        {
            "docker/Dockerfile": "FROM a\nCOPY src /app\n",
            "src/main.py": "",
            "compose.yaml": "services:\n  a:\n    build:\n      context: .\n      dockerfile: docker/Dockerfile\n",
        },
    )
    assert list(made.files) == ["/app/main.py"]
