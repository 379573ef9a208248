"""What recipes of real projects taught: each looks like a fault of some class, and builds, starts and works."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.diagnose import shell
from greenroom.diagnose.diagnosing import diagnose
from greenroom.diagnose.ignoring import rules
from greenroom.diagnose.mending import apply, changes
from greenroom.diagnose.source import source_file
from tests.diagnose.conftest import Look, Recipe, errors, write

SLIM = "FROM python:3.11-slim\n"
WHEEL = "https://example.org/a/fairseq-0.12.13-cp{0}-cp{0}-{1}.whl"
RIGHT: dict[str, Recipe] = {
    "copied first, and again with everything": {
        "Dockerfile": f"{SLIM}WORKDIR /app\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY . .\n",
        "requirements.txt": "einops\n",
    },
    "mounted among other mounts": {
        "Dockerfile": (
            f"{SLIM}WORKDIR /app\nRUN --mount=type=bind,source=r.txt,target=r.txt --mount=type=cache,target=/c \\\n"
            "  pip install -r r.txt\nCOPY . .\n"
        ),
        "r.txt": "einops\n",
    },
    "a pattern that may match nothing": {"Dockerfile": f"{SLIM}ADD *snapshot*.json /\n"},
    "wheels of other systems": {
        "Dockerfile": f"{SLIM}COPY requirements.txt /r.txt\nRUN pip install -r /r.txt\n",
        "requirements.txt": (
            f"fairseq @ {WHEEL.format('311', 'win_amd64')} ; sys_platform == 'win32'\n"
            f"fairseq @ {WHEEL.format('310', 'linux_x86_64')} ; python_version == '3.10'\n"
            f"fairseq @ {WHEEL.format('311', 'linux_x86_64')} ; python_version == '3.11'\n"
        ),
    },
    "an index in uv's variable": {
        "Dockerfile": (
            f"{SLIM}ENV UV_INDEX=https://download.pytorch.org/whl/cu128\n"
            "RUN uv pip install --system torch==2.7.0+cu128\n"
        )
    },
    "an index in pip's settings": {
        "Dockerfile": (
            f"{SLIM}RUN pip config set global.extra-index-url https://download.pytorch.org/whl/cu128\n"
            "RUN pip install torch==2.7.0+cu128\n"
        )
    },
    "a build that the list of builds may lack": {
        "Dockerfile": f"{SLIM}RUN pip install torch==2.10.0 --index-url https://download.pytorch.org/whl/cu129\n"
    },
    "the last torchaudio with a later torch": {
        "Dockerfile": f"{SLIM}RUN pip install torch==2.13.0 torchaudio==2.11.0\n"
    },
    "services made of others": {
        "compose.yaml": (
            "x-base: &base\n  image: a:1\nservices:\n  one:\n    <<: *base\n  two:\n    <<: [*base]\n    command: [x]\n"
        ),
        "Dockerfile": SLIM,
    },
    "one of two services has the GPU": {
        "Dockerfile": 'FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nCMD ["sleep","infinity"]\n',
        "compose.yaml": (
            "services:\n  worker:\n    build: .\n    gpus: all\n  controller:\n    build: .\n"
            '    entrypoint: ["python3", "-m", "controller", "--name", "${NAME:-a}"]\n'
        ),
    },
    "a shell of compose": {
        "Dockerfile": SLIM,
        "compose.yaml": (
            "services:\n  a:\n    image: b:1\n"
            '    entrypoint: ["/bin/sh", "-c"]\n    command:\n      - |\n        x && y\n'
        ),
    },
    "a script that RUN calls": {
        "Dockerfile": f'{SLIM}COPY install.sh /install.sh\nRUN bash /install.sh\nCMD ["python","-c","1"]\n',
        "install.sh": "#!/bin/bash\nset -e\ngit clone https://example.org/a /workspace/a\n",
    },
    "code about Dockerfiles": {"Dockerfile": SLIM, "tools/dockerfile.py": '"""Reads one."""\nx = [\n  1,\n]\n'},
    "a login in an action of the repository": {
        "Dockerfile": SLIM,
        ".github/workflows/a.yml": (
            "jobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n"
            "      - uses: ./.github/login\n"
            "      - uses: docker/build-push-action@v6\n        with:\n          context: .\n          push: true\n"
        ),
    },
    "an empty marker": {
        "Dockerfile": f"{SLIM}COPY r.txt /r.txt\nRUN pip install -r /r.txt\n",
        "r.txt": 'einops; --index-url https://example.org/x; sys_platform == "linux"\n',
    },
    "folders for pip": {"Dockerfile": f"{SLIM}RUN pip install third_party/gym-0.21.0\n"},
    "what is printed": {"Dockerfile": f'{SLIM}RUN V="$(python -c "import torch" || true)" && echo "$V"\n'},
    "arguments of several names": {
        "Dockerfile": f"{SLIM}ARG REPO \\\n  BRANCH \\\n  FORCE=off\nADD https://example.org/$REPO/x /tmp/x.json\n"
    },
    "a process that the shell has started": {
        "Dockerfile": f'{SLIM}COPY --chmod=755 s.sh /s.sh\nCOPY w.py /w.py\nCMD ["/s.sh"]\n',
        "s.sh": "#!/bin/bash\npython /w.py\n",
        "w.py": "import signal\nsignal.pause()\n",
    },
}
# The class, the recipe and its line.
BROKEN: dict[str, tuple[str, str, Recipe]] = {
    "compose starts what is not there": (
        "entry-missing",
        "compose.yaml:4",
        {
            "Dockerfile": f'{SLIM}COPY a.py /a.py\nCMD ["python", "/a.py"]\n',
            "a.py": "1\n",
            "compose.yaml": 'services:\n  a:\n    build: .\n    command: ["/srv/start.sh"]\n',
        },
    ),
    "compose starts a server for itself alone": (
        "listens-on-localhost",
        "compose.yaml:5",
        {
            "Dockerfile": f'{SLIM}CMD ["uvicorn", "a:b", "--host", "0.0.0.0"]\n',
            "compose.yaml": "services:\n  a:\n    build: .\n    ports: ['8000:8000']\n    command: uvicorn a:b\n",
        },
    ),
    "a mere & in compose's list": (
        "exec-form-needs-shell",
        "compose.yaml:4",
        {
            "Dockerfile": SLIM,
            "compose.yaml": 'services:\n  a:\n    build: .\n    command: ["python", "a.py", "&&", "b"]\n',
        },
    ),
    "a file that nobody has": (
        "unquoted-specifier",
        "Dockerfile:2",
        {"Dockerfile": f"{SLIM}RUN true && uv pip install --system numpy<2 -q\n"},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_works_is_not_called_broken(name: str, look: Look) -> None:
    assert errors(look(RIGHT[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_is(name: str, look: Look) -> None:
    code, place, files = BROKEN[name]
    assert (code, place) in errors(look(files))


def test_words_behind_a_redirect_are_the_commands() -> None:
    (_, command) = shell.parse("true && pip install a > log -q b").commands
    assert command.words == ("pip", "install", "a", "-q", "b")
    assert command.redirects[0].target == "log"


@pytest.mark.parametrize(
    ("pattern", "path", "kept_out"),
    [
        ("*.py", "a.py", True), ("*.py", "a.pyc", False), ("*.py", "x/a.py", False), ("**/*.py", "x/y/a.py", True),
        ("a*b*c", "aXbbYc", True), ("*ab", "abab", True), ("*.tar.gz", "a.tar.tar.gz", True), ("*/t", "a/b/t", False),
        ("data/**/x", "data/a/b/x", True), ("foo*", "foobar/x", True), ("*" * 60 + "a", "b" * 100, False),
        ("?*" * 40 + "z", "a" * 120, False),
    ],
)  # fmt: skip
def test_patterns_match_as_go_does_and_at_once(pattern: str, path: str, *, kept_out: bool) -> None:
    assert (rules(source_file("x", pattern.encode())).keeping_out(path) is not None) is kept_out


def test_documents_that_unfold_without_end_are_left(look: Look) -> None:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    nested = {f"requirements{n}.txt": f"-r requirements{n + 1}.txt\n" * 12 for n in range(8)}
    copied = f"{SLIM}COPY . .\nRUN pip install -r requirements0.txt\n"
    look({"Dockerfile": copied, "compose.yaml": laughs, **nested, "r.txt": "a; " + "(" * 5_000})


def test_a_link_is_not_mended(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"Dockerfile": f"{SLIM}RUN apt-get update && apt-get install ffmpeg\n"})
    (tmp_path / "recipe").mkdir()
    (tmp_path / "recipe" / "Dockerfile").symlink_to(outside / "Dockerfile")
    found = diagnose(tmp_path / "recipe")
    apply(tmp_path / "recipe", changes(tmp_path / "recipe", found, safe=True))
    assert [one.code for one in found if one.severity == "error"] == ["apt-without-yes"]
    assert (tmp_path / "recipe" / "Dockerfile").is_symlink()
    assert b"-y" not in (outside / "Dockerfile").read_bytes()


def test_a_line_of_several_commands_is_left_to_its_reader(look: Look) -> None:
    """What is put at its end would be told to the last of them."""
    line = """RUN echo '#!/bin/sh' > /s.sh && echo 'exec python /a.py' && chmod +x /s.sh"""
    found = look({"Dockerfile": f'{SLIM}COPY a.py /a.py\n{line}\nCMD ["/s.sh"]\n', "a.py": "1\n"})
    assert [(one.code, one.patch) for one in found if one.severity == "error"] == [("redirect-missing", None)]


def test_mending_twice_is_mending_once(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": f"{SLIM}RUN true && pip install flash-attn<=2.6.3 && true\n"})
    for _ in range(3):
        apply(tmp_path, changes(tmp_path, diagnose(tmp_path), safe=True))
    assert (tmp_path / "Dockerfile").read_text().count("--no-build-isolation") == 1
