"""The classes of the corpus in other words: other tools, other files, other forms, each with its healthy neighbour."""

from __future__ import annotations

import pytest

from tests.diagnose.conftest import Look, Recipe, errors

SLIM = "FROM python:3.11-slim\n"
CUDA = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nRUN apt-get update && apt-get install -y python3 python3-pip git\n"
LAST = 'CMD ["python", "-c", "1"]\n'
BLACKWELL = '{"image": "a:1", "gpu": {"types": ["NVIDIA GeForce RTX 5090"]}, "disk": 40}'
VOLUME = '{"image": "a:1", "disk": 20, "mounts": [{"type": "network", "path": "/workspace"}]}'
FETCHING = (
    f'{SLIM}RUN apt-get update && apt-get install -y curl\nSTOPSIGNAL SIGINT\nCOPY go.sh /\nCMD ["bash", "/go.sh"]\n'
)
WHEEL = "x-1.0-cp310-cp310-linux_x86_64.whl"
POETRY = '[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\npython = "^3.11"\n'
PROJECT = '[project]\nname = "a"\nversion = "0"\n'

# What it is, its files, and the error that it must have with its file and line.
BROKEN: list[tuple[str, Recipe, tuple[str, str]]] = [
    (
        "torch in a conda environment",
        {"Dockerfile": "FROM continuumio/miniconda3:24.1.2-0\nRUN conda run -n a pip install \\\n  'torch==2.8.2'\n"},
        ("torch-version-nonexistent", "Dockerfile:3"),
    ),
    (
        "torch by micromamba",
        {"Dockerfile": "FROM mambaorg/micromamba:2.0\nRUN micromamba run -n base pip install torch==2.8.2\n"},
        ("torch-version-nonexistent", "Dockerfile:2"),
    ),
    (
        "torch of a uv project",
        {
            "Dockerfile": f"{SLIM}COPY pyproject.toml .\nRUN pip install uv && uv sync\n{LAST}",
            "pyproject.toml": f'{PROJECT}dependencies = [\n  "numpy",\n  "torch==2.8.2",\n]\n',
        },
        ("torch-version-nonexistent", "pyproject.toml:6"),
    ),
    (
        "torch of a Poetry project",
        {
            "Dockerfile": f"{SLIM}COPY pyproject.toml .\nRUN pip install poetry && poetry install\n{LAST}",
            "pyproject.toml": f'{POETRY}torch = "2.8.2"\n',
        },
        ("torch-version-nonexistent", "pyproject.toml:5"),
    ),
    (
        "torch added by PDM",
        {"Dockerfile": f"{SLIM}RUN pip install pdm && pdm add -G gpu torch==2.8.2\n{LAST}"},
        ("torch-version-nonexistent", "Dockerfile:2"),
    ),
    (
        "torch of a conda file",
        {
            "Dockerfile": "FROM continuumio/miniconda3:24.1.2-0\nCOPY env.yml .\nRUN conda env create -f env.yml\n",
            "env.yml": "name: a\ndependencies:\n  - python=3.11\n  - pip:\n    - torch==2.8.2\n",
        },
        ("torch-version-nonexistent", "env.yml:5"),
    ),
    (
        "flash-attn from its repository",
        {
            "Dockerfile": f"{CUDA}RUN pip3 install torch==2.5.1\n"
            "RUN pip3 install git+https://github.com/Dao-AILab/flash-attention.git@v2.7.4\n"
        },
        ("flash-attn-build-isolation", "Dockerfile:4"),
    ),
    (
        "torch of the image itself",
        {"Dockerfile": f"FROM pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime\n{LAST}", "endpoint.json": BLACKWELL},
        ("gpu-arch-unsupported", "Dockerfile:1"),
    ),
    (
        "a wheel from the folder",
        {"Dockerfile": f"{SLIM}ADD https://example.org/{WHEEL} /tmp/\nRUN pip install /tmp/{WHEEL}\n{LAST}"},
        ("wheel-tag-mismatch", "Dockerfile:3"),
    ),
    (
        "RUN with single quotes",
        {"Dockerfile": f"{SLIM}RUN ['pip', 'install', 'numpy']\n{LAST}"},
        ("exec-form-quotes", "Dockerfile:2"),
    ),
    (
        "a health check on two lines",
        {
            "Dockerfile": f"{SLIM}HEALTHCHECK --interval=5s \\\n  CMD curl -f http://localhost:80/ || exit 1\n"
            'STOPSIGNAL SIGINT\nCMD ["python", "-m", "http.server", "80"]\n'
        },
        ("healthcheck-tool-missing", "Dockerfile:3"),
    ),
    (
        "an environment below the volume",
        {
            "Dockerfile": f'{SLIM}RUN python -m venv /workspace/v\nCMD ["/workspace/v/bin/python", "-c", "1"]\n',
            "endpoint.json": VOLUME,
        },
        ("volume-shadows-path", "Dockerfile:3"),
    ),
    (
        "an address in an argument",
        {
            "Dockerfile": f"{SLIM}RUN apt-get update && apt-get install -y curl\nARG URL=https://example.org/m.pth\n"
            f"RUN cd /srv && curl -LO ${{URL}}\n{LAST}"
        },
        ("error-page-saved", "Dockerfile:4"),
    ),
    (
        "a function that leaves where the file is there",
        {
            "Dockerfile": FETCHING,
            "go.sh": 'fetch() {\n  if [ -f "$1" ]; then return 0; fi\n  curl -fL "$2" -o "$1"\n}\n'
            'fetch /workspace/m.safetensors "$URL"\nexec python -m http.server 80\n',
        },
        ("partial-file-accepted", "go.sh:3"),
    ),
    (
        "a script that leaves where the file is there",
        {"Dockerfile": FETCHING, "go.sh": '[ -s /m.gguf ] && exit 0\ncurl -fL "$URL" -o /m.gguf\n'},
        ("partial-file-accepted", "go.sh:2"),
    ),
    (
        "a check of GitLab",
        {
            "Dockerfile": SLIM + LAST,
            ".gitlab-ci.yml": "test:\n  script:\n    - pip install -e .\n    - pytest || true\n",
        },
        ("check-cannot-fail", ".gitlab-ci.yml:4"),
    ),
    (
        "a brace without a space",
        {"Dockerfile": f"{SLIM}RUN cd /srv && {{echo ready; cd -; }}\n{LAST}"},
        ("brace-without-space", "Dockerfile:2"),
    ),
]

HEALTHY: list[tuple[str, Recipe]] = [
    (
        "a uv project that says where torch comes from",
        {
            "Dockerfile": f"{SLIM}COPY pyproject.toml uv.lock ./\nRUN uv sync --frozen\n{LAST}",
            "uv.lock": "",
            "pyproject.toml": f'{PROJECT}dependencies = ["torch==2.7.1+cu128", "flash-attn==2.7.4.post1"]\n[tool.uv]\n'
            'no-build-isolation-package = ["flash-attn"]\n[tool.uv.sources]\ntorch = { index = "t" }\n',
        },
    ),
    (
        "a Poetry project",
        {
            "Dockerfile": f"{SLIM}COPY pyproject.toml .\nRUN pip install poetry && poetry install\n{LAST}",
            "pyproject.toml": f'{POETRY}numpy = "^1.26"\ntorch = {{ version = "^2.2", source = "pytorch" }}\n',
        },
    ),
    (
        "options of poetry add",
        {"Dockerfile": f"{SLIM}RUN pip install poetry && poetry add --source pytorch --group dev torch@2.6.0\n{LAST}"},
    ),
    (
        "a project's torch beside the system's",
        {
            "Dockerfile": f"{CUDA}RUN pip3 install torch==2.5.1\nCOPY pyproject.toml .\nRUN uv sync\n{LAST}",
            "pyproject.toml": f'{PROJECT}dependencies = ["torch==2.9.1"]\n',
        },
    ),
    (
        "pip of an environment, not of the system",
        {
            "Dockerfile": "FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y pipx && pipx install poetry\n"
            "RUN poetry init -n && poetry run pip install numpy\n"
            'CMD ["python3", "-c", "1"]\n'
        },
    ),
    ("tests of a shell", {"Dockerfile": f'{SLIM}ARG A=x\nRUN [ "x" = "$A" ] && echo yes\nRUN [ -d /srv ]\n{LAST}'}),
    (
        "another torch than the image's",
        {
            "Dockerfile": "FROM pytorch/pytorch:2.5.1-cuda12.4-cudnn9-devel\n"
            f"RUN pip install torch==2.7.1 --index-url https://download.pytorch.org/whl/cu128\n{LAST}",
            "endpoint.json": BLACKWELL,
        },
    ),
    (
        "a function that fetches in parts",
        {
            "Dockerfile": FETCHING,
            "go.sh": '[ -f /m.gguf ] && exit 0\ncurl -fL "$URL" -o /m.gguf.part\nmv /m.gguf.part /m.gguf\n',
        },
    ),
    (
        "places for secrets",
        {
            "Dockerfile": f"{SLIM}COPY . .\n{LAST}",
            ".env": '# A_TOKEN=hf_real\nB_API_KEY="Fill your API key here"\nC_TOKEN=put your token\nD_SECRET=...\n',
        },
    ),
    (
        "braces of bash",
        {
            "Dockerfile": f'{SLIM}SHELL ["/bin/bash", "-c"]\n'
            f'RUN f() {{ echo x; }}; f && {{ echo a; }} && echo {{a,b}} "{{curl" ${{X:-y}}\n{LAST}'
        },
    ),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_class_is_found_in_other_words(look: Look, files: Recipe, expected: tuple[str, str]) -> None:
    assert expected in errors(look(files))


@pytest.mark.parametrize("files", [case[1] for case in HEALTHY], ids=[case[0] for case in HEALTHY])
def test_what_looks_like_it_is_not_called_broken(look: Look, files: Recipe) -> None:
    assert errors(look(files)) == []


def test_a_script_that_nothing_asks_for_is_not_read(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr("greenroom.diagnose.shell._visit", lambda _node, walk, *_: read.append(walk.source.decode()))
    look({"Dockerfile": SLIM + LAST, "tools/a.sh": "echo one\n", "tools/b.sh": "curl -O https://example.org/b.bin\n"})
    assert not any("one" in text for text in read)
    assert any("b.bin" in text for text in read)
