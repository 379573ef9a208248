"""Near misses of what makes an image: what looks like a fault and is right, and the fault in another dress."""

from __future__ import annotations

import pytest

from tests.diagnose.conftest import Look, Recipe, judged

# What it is, its files, and the error that it must have with its line; None: it is right.
CASES: list[tuple[str, Recipe, tuple[str, str] | None]] = [
    (
        "three parts",
        {
            "Dockerfile": (
                "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS base\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'CMD ["python3","--version"]\n'
            ),
        },
        None,
    ),
    (
        "cudnn9 of 12.3.2",
        {
            "Dockerfile": (
                "FROM nvidia/cuda:12.3.2-cudnn9-devel-ubuntu22.04\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'CMD ["python3","--version"]\n'
            ),
        },
        None,
    ),
    (
        "cudnn8 of 12.4.1",
        {
            "Dockerfile": (
                "FROM nvidia/cuda:12.4.1-cudnn8-devel-ubuntu22.04\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'CMD ["python3","--version"]\n'
            ),
        },
        ("base-tag-nonexistent", "1"),
    ),
    (
        "two parts in an ARG",
        {
            "Dockerfile": (
                "ARG CUDA=12.4\n"
                "FROM nvidia/cuda:${CUDA}-devel-ubuntu22.04\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'CMD ["python3","--version"]\n'
            ),
        },
        ("base-tag-nonexistent", ""),
    ),
    (
        "disk large enough",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir huggingface_hub==2.4.0\n"
                'CMD ["hf","download","a/b"]\n'
            ),
            "endpoint.json": ('{"image":"a:1","disk":60,"mounts":[]}'),
            "weights.json": ('{"repo":"a/b","files":[{"path":"x","bytes":33000000000}]}'),
        },
        None,
    ),
    (
        "weights on the volume",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir huggingface_hub==2.4.0\n"
                "ENV HF_HOME=/runpod-volume/hf\n"
                'CMD ["hf","download","a/b"]\n'
            ),
            "endpoint.json": ('{"image":"a:1","disk":20,"mounts":[{"type":"network","path":"/runpod-volume"}]}'),
            "weights.json": ('{"repo":"a/b","files":[{"path":"x","bytes":33000000000}]}'),
        },
        None,
    ),
    (
        "--break-system-packages",
        {
            "Dockerfile": (
                "FROM ubuntu:24.04\n"
                "RUN apt-get update && apt-get install -y python3-pip\n"
                "RUN pip3 install --break-system-packages --no-cache-dir numpy==2.2.6\n"
                'CMD ["python3","-c","1"]\n'
            ),
        },
        None,
    ),
    (
        "PIP_BREAK_SYSTEM_PACKAGES",
        {
            "Dockerfile": (
                "FROM debian:12\n"
                "ENV PIP_BREAK_SYSTEM_PACKAGES=1\n"
                "RUN apt-get update && apt-get install -y python3-pip\n"
                "RUN pip3 install --no-cache-dir numpy==2.2.6\n"
                'CMD ["python3","-c","1"]\n'
            ),
        },
        None,
    ),
    (
        "pip of a start script",
        {
            "Dockerfile": (
                "FROM ubuntu:24.04\n"
                "RUN apt-get update && apt-get install -y python3-pip\n"
                "COPY --chmod=755 i.sh /i.sh\n"
                'CMD ["/i.sh"]\n'
            ),
            "i.sh": ("#!/bin/bash\nset -e\npip install numpy\nexec python3 -c 1\n"),
        },
        ("pep668", "3"),
    ),
    (
        "COPY of a quoted document",
        {
            "Dockerfile": (
                "# syntax=docker/dockerfile:1\n"
                "FROM python:3.11-slim\n"
                "COPY <<'EOF' /start.sh\n"
                "#!/bin/sh\n"
                'exec python -c "$CODE"\n'
                "EOF\n"
                "RUN chmod +x /start.sh\n"
                'CMD ["/start.sh"]\n'
            ),
        },
        None,
    ),
    (
        "no secret at all",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "ARG HF_TOKEN\n"
                "RUN --mount=type=secret,id=hf_token pip install --no-cache-dir einops==0.8.1\n"
                "ENV TOKENIZERS_PARALLELISM=false MAX_TOKENS=512\n"
                'CMD ["python","-c","1"]\n'
            ),
        },
        None,
    ),
    (
        "secret in ARG",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "ARG HF_TOKEN\n"
                "RUN pip install --no-cache-dir huggingface_hub==2.4.0 && hf auth login --token $HF_TOKEN\n"
                'CMD ["python","-c","1"]\n'
            ),
        },
        ("secret-in-layer", "2"),
    ),
    (
        "pip by its path",
        {
            "Dockerfile": (
                "FROM ubuntu:24.04\n"
                "RUN apt-get update && apt-get install -y python3-venv\n"
                "RUN python3 -m venv /venv\n"
                "RUN /venv/bin/pip install numpy\n"
                'CMD ["/venv/bin/python","-c","1"]\n'
            ),
        },
        None,
    ),
    (
        "RUN by RUN",
        {
            "Dockerfile": (
                "FROM debian:12-slim\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'RUN echo "#!/bin/bash" > /app.sh\n'
                'RUN echo "cd /srv"\n'
                'RUN echo "exec python3 server.py" >> /app.sh\n'
                "RUN chmod +x /app.sh\n"
                'CMD ["/app.sh"]\n'
            ),
        },
        ("redirect-missing", "4"),
    ),
    (
        "printf",
        {
            "Dockerfile": (
                "FROM debian:12-slim\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'RUN printf "#!/bin/bash\\n" > /app.sh && printf "set -e\\n" >> /app.sh && \\\n'
                ' printf "python3 /srv/setup_network_venv.py\\n" && \\\n'
                ' printf "exec python3 /srv/server.py\\n" >> /app.sh && chmod +x /app.sh\n'
                'CMD ["/app.sh"]\n'
            ),
        },
        ("redirect-missing", "4"),
    ),
    (
        "prose among the lines",
        {
            "Dockerfile": (
                "FROM debian:12-slim\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'RUN echo "#!/bin/bash" > /app.sh && \\\n'
                ' echo "python is set up" && echo "set -e" >> /app.sh && echo "Done: wrote /app.sh" && \\\n'
                ' echo "exec python3 -c 1" >> /app.sh && chmod +x /app.sh && echo "start with docker run"\n'
                'CMD ["/app.sh"]\n'
            ),
        },
        None,
    ),
    (
        "the line that cost 69 commits",
        {
            "Dockerfile": (
                "FROM debian:12-slim\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'RUN echo "#!/bin/bash" > /app/start.sh && \\\n'
                "    echo \"echo 'Starting F5'\" >> /app/start.sh && \\\n"
                '    echo "if [ -d /runpod-volume ]; then" >> /app/start.sh && \\\n'
                '    echo "  python3 /app/setup_network_venv.py" && \\\n'
                '    echo "fi" >> /app/start.sh && \\\n'
                '    echo "exec python3 /app/runpod-handler.py" >> /app/start.sh && \\\n'
                "    chmod +x /app/start.sh\n"
                'CMD ["/app/start.sh"]\n'
            ),
        },
        ("redirect-missing", "6"),
    ),
    (
        "user 1000",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN useradd -m -u 1000 app\n"
                "WORKDIR /app\n"
                "COPY --chown=1000:1000 . /app\n"
                "ENV HF_HOME=/home/app/hf\n"
                "USER 1000\n"
                'CMD ["python","a.py"]\n'
            ),
            "a.py": ("import signal\nsignal.pause()\n"),
        },
        None,
    ),
    (
        "uv install",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y --no-install-recommends curl ca-certificates && "
                "rm -rf /var/lib/apt/lists/*\n"
                "RUN curl -LsSf https://astral.sh/uv/install.sh | sh\n"
                'ENV PATH="/root/.local/bin:$PATH"\n'
                "WORKDIR /app\n"
                "COPY pyproject.toml uv.lock ./\n"
                "RUN uv sync --frozen\n"
                "COPY . .\n"
                'CMD ["uv","run","python","a.py"]\n'
            ),
            "a.py": ("import signal\nsignal.pause()\n"),
            "pyproject.toml": ('[project]\nname="x"\nversion="1"\n'),
            "uv.lock": (""),
        },
        None,
    ),
    (
        "uv image",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY --from=ghcr.io/astral-sh/uv:0.8.0 /uv /uvx /bin/\n"
                "RUN uv pip install --system --no-cache einops==0.8.1\n"
                'CMD ["python","-c","1"]\n'
            ),
        },
        None,
    ),
    (
        "guarded tool",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "s.sh": (
                "#!/bin/bash\n"
                "set -eu\n"
                "if command -v nvidia-smi > /dev/null; then nvidia-smi; fi\n"
                "if ! command -v ffmpeg >/dev/null; then apt-get update && apt-get install -y ffmpeg; fi\n"
                "ffmpeg -version\n"
                "exec python -c 1\n"
            ),
        },
        None,
    ),
    (
        "old env",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN python -m venv /opt/env\n"
                "ENV PATH /opt/env/bin:$PATH\n"
                "ENV GREETING hello world\n"
                'LABEL a="b c" d=e\n'
                'CMD ["python","-c","1"]\n'
            ),
        },
        None,
    ),
    (
        "copy glob",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "WORKDIR /app\n"
                "COPY requirements*.txt ./\n"
                "RUN pip install --no-cache-dir -r requirements.txt\n"
                "COPY src/ ./src/\n"
                'CMD ["python","-m","src.main"]\n'
            ),
            "requirements.txt": ("einops==0.8.1\n"),
            "src/main.py": ("import signal\nsignal.pause()\n"),
        },
        None,
    ),
    (
        "apt in start",
        {
            "Dockerfile": ('FROM ubuntu:22.04\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "s.sh": (
                "#!/bin/bash\n"
                "set -e\n"
                "apt-get update\n"
                "apt-get install -y python3 python3-pip\n"
                "pip3 install einops\n"
                "exec python3 -c 1\n"
            ),
        },
        None,
    ),
    (
        "pipe RUN",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir -r /r.txt 2>&1 | tee /log\n"
                "COPY r.txt /r.txt\n"
                'CMD ["python","-c","1"]\n'
            ),
            "r.txt": ("einops\n"),
        },
        ("file-not-there-yet", "2"),
    ),
    (
        "pipe req",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY requirements.txt /\n"
                "RUN pip install --no-cache-dir -r /requirements.txt 2>&1 | tee /log\n"
                'CMD ["python","-c","1"]\n'
            ),
            "requirements.txt": ("einops\n"),
        },
        ("pipe-hides-failure", "3"),
    ),
    (
        "cuda 12.2.0",
        {
            "Dockerfile": (
                "FROM nvidia/cuda:12.2.0-devel-ubuntu22.04\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'CMD ["python3","--version"]\n'
            ),
        },
        None,
    ),
    (
        "cuda 12.4.2",
        {
            "Dockerfile": (
                "FROM nvidia/cuda:12.4.2-devel-ubuntu22.04\n"
                "RUN apt-get update && apt-get install -y python3\n"
                'CMD ["python3","--version"]\n'
            ),
        },
        ("base-tag-nonexistent", "1"),
    ),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_near_misses(look: Look, files: Recipe, expected: tuple[str, str] | None) -> None:
    judged(look(files), expected)
