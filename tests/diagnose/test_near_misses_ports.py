"""Near misses of ports, probes and workers: what looks like a fault and is right, and the fault in another dress."""

from __future__ import annotations

import pytest

from tests.diagnose.conftest import Look, Recipe, judged

# What it is, its files, and the error that it must have with its line; None: it is right.
CASES: list[tuple[str, Recipe, tuple[str, str] | None]] = [
    (
        "probe with python",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY app.py .\n"
                'HEALTHCHECK CMD python -c "import urllib.request as u; '
                "u.urlopen('http://127.0.0.1:8000/')\" || exit 1\n"
                "STOPSIGNAL SIGINT\n"
                'CMD ["python","app.py"]\n'
            ),
            "app.py": (
                "import http.server\n"
                'http.server.HTTPServer(("0.0.0.0", 8000), '
                "http.server.BaseHTTPRequestHandler).serve_forever()\n"
            ),
        },
        None,
    ),
    (
        "curl in the full image",
        {
            "Dockerfile": (
                "FROM python:3.11\n"
                "COPY app.py .\n"
                "HEALTHCHECK CMD curl -fsS http://127.0.0.1:8000/ || exit 1\n"
                "STOPSIGNAL SIGINT\n"
                'CMD ["python","app.py"]\n'
            ),
            "app.py": (
                "import http.server\n"
                'http.server.HTTPServer(("0.0.0.0", 8000), '
                "http.server.BaseHTTPRequestHandler).serve_forever()\n"
            ),
        },
        None,
    ),
    (
        "curl installed",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update \\\n"
                " && apt-get install -y --no-install-recommends \\\n"
                "    curl \\\n"
                " && rm -rf /var/lib/apt/lists/*\n"
                "COPY app.py .\n"
                "HEALTHCHECK CMD curl -fsS http://127.0.0.1:8000/ || exit 1\n"
                "STOPSIGNAL SIGINT\n"
                'CMD ["python","app.py"]\n'
            ),
            "app.py": (
                "import http.server\n"
                'http.server.HTTPServer(("0.0.0.0", 8000), '
                "http.server.BaseHTTPRequestHandler).serve_forever()\n"
            ),
        },
        None,
    ),
    (
        "compose loopback",
        {
            "Dockerfile": ('FROM python:3.11-slim\nSTOPSIGNAL SIGINT\nCMD ["python","-m","http.server","8000"]\n'),
            "docker-compose.yml": (
                'version: "3.8"\n'
                "services:\n"
                "  web:\n"
                "    build: .\n"
                "    ports:\n"
                '      - "127.0.0.1:8000:8000"\n'
                "    env_file:\n"
                "      - path: .env\n"
                "        required: false\n"
                "    depends_on:\n"
                "      - redis\n"
                "  redis:\n"
                "    image: redis:7\n"
                "    volumes: [data:/data]\n"
                "volumes:\n"
                "  data: {}\n"
            ),
        },
        None,
    ),
    (
        "gunicorn",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir gunicorn==23.0.0 flask==3.1.0\n"
                "COPY app.py .\n"
                "EXPOSE 8000\n"
                'HEALTHCHECK CMD python -c "import urllib.request as u; '
                "u.urlopen('http://localhost:8000/')\"\n"
                'CMD ["gunicorn","-b","0.0.0.0:8000","app:app"]\n'
            ),
            "app.py": ("from flask import Flask\napp = Flask(__name__)\n"),
        },
        None,
    ),
    (
        "gunicorn default",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir gunicorn==23.0.0 flask==3.1.0\n"
                "COPY app.py .\n"
                "EXPOSE 8000\n"
                'CMD ["gunicorn","app:app"]\n'
            ),
            "app.py": ("from flask import Flask\napp = Flask(__name__)\n"),
        },
        ("listens-on-localhost", "5"),
    ),
    (
        "gradio ok",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir gradio==5.0.0\n"
                "ENV GRADIO_SERVER_NAME=0.0.0.0\n"
                "COPY app.py .\n"
                "EXPOSE 7860\n"
                'CMD ["python","app.py"]\n'
            ),
            "app.py": (
                'import gradio as gr\ndemo = gr.Interface(str, "text", "text")\ndemo.launch(server_port=7860)\n'
            ),
        },
        None,
    ),
    (
        "gradio bad",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir gradio==5.0.0\n"
                "COPY app.py .\n"
                "EXPOSE 7860\n"
                'CMD ["python","app.py"]\n'
            ),
            "app.py": (
                'import gradio as gr\ndemo = gr.Interface(str, "text", "text")\ndemo.launch(server_port=7860)\n'
            ),
        },
        ("listens-on-localhost", "3"),
    ),
    (
        "ep ports",
        {
            "Dockerfile": ('FROM python:3.11-slim\nSTOPSIGNAL SIGINT\nCMD ["python","-m","http.server","8000"]\n'),
            "endpoint.json": ('{"image":"a:1","disk":20,"ports":["8188/http","22/tcp"]}'),
        },
        ("port-mismatch", ""),
    ),
    (
        "if req",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY a.py /a.py\n"
                "HEALTHCHECK --interval=30s CMD curl -f http://localhost:8000/ || exit 1\n"
                'CMD ["python","/a.py"]\n'
            ),
            "a.py": ("import signal\nsignal.pause()\n"),
        },
        ("healthcheck-tool-missing", "3"),
    ),
    (
        "hc true",
        {
            "Dockerfile": (
                "FROM python:3.11\n"
                "COPY a.py /a.py\n"
                "HEALTHCHECK --interval=30s CMD curl -f http://localhost:8000/ || true\n"
                'CMD ["python","/a.py"]\n'
            ),
            "a.py": ("import signal\nsignal.pause()\n"),
        },
        ("check-cannot-fail", "3"),
    ),
    (
        "comfy internal",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir runpod==1.12.0\n"
                "COPY handler.py main.py /comfyui/\n"
                "COPY --chmod=755 s.sh /s.sh\n"
                "WORKDIR /comfyui\n"
                'CMD ["/s.sh"]\n'
            ),
            "main.py": ("import signal\nsignal.pause()\n"),
            "handler.py": ('import runpod\nrunpod.serverless.start({"handler": lambda job: {}})\n'),
            "s.sh": (
                "#!/bin/bash\n"
                "set -e\n"
                "python /comfyui/main.py --disable-auto-launch --listen 127.0.0.1 --port 8188 &\n"
                "exec python -u /comfyui/handler.py\n"
            ),
        },
        None,
    ),
    (
        "loop worker",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY w.py /w.py\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "w.py": ("import signal\nsignal.pause()\n"),
            "s.sh": (
                '#!/bin/bash\nset -u\ntrap "exit 0" TERM\nwhile true; do\n  python /w.py || true\n  sleep 5\ndone\n'
            ),
        },
        None,
    ),
    (
        "runpod handler",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir runpod==1.12.0\n"
                "COPY handler.py /\n"
                'CMD ["python","-u","/handler.py"]\n'
            ),
            "handler.py": (
                "import runpod\n"
                "\n"
                "def handler(job):\n"
                "    return {}\n"
                "\n"
                'if __name__ == "__main__":\n'
                '    runpod.serverless.start({"handler": handler})\n'
            ),
        },
        None,
    ),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_near_misses(look: Look, files: Recipe, expected: tuple[str, str] | None) -> None:
    judged(look(files), expected)
