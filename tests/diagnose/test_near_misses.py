"""Near misses of each class: what looks like it and is right, and the same class in another dress."""

from __future__ import annotations

import pytest

from tests.diagnose.conftest import Look, Recipe, errors

# What it is, its files, and the error that it must have with its line; None: it is right.
CASES: list[tuple[str, Recipe, tuple[str, str] | None]] = [
    (
        "kernels for the GPU",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir torch==2.7.1 --index-url "
                "https://download.pytorch.org/whl/cu128\n"
                'CMD ["python","-c","1"]\n'
            ),
            "endpoint.json": ('{"image":"a:1","gpu":{"types":["NVIDIA GeForce RTX 5090"]},"disk":40}'),
        },
        None,
    ),
    (
        "no kernels for the GPU",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir torch==2.7.1 --index-url "
                "https://download.pytorch.org/whl/cu126\n"
                'CMD ["python","-c","1"]\n'
            ),
            "endpoint.json": ('{"image":"a:1","gpu":{"types":["NVIDIA GeForce RTX 5090"]},"disk":40}'),
        },
        ("gpu-arch-unsupported", "2"),
    ),
    (
        "script beside the volume",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY --chmod=755 s.sh /usr/local/bin/s.sh\n"
                "WORKDIR /workspace\n"
                "STOPSIGNAL SIGINT\n"
                'ENTRYPOINT ["/usr/local/bin/s.sh"]\n'
            ),
            "s.sh": ("#!/bin/sh\nset -eu\nexec python -m http.server 8188\n"),
            "endpoint.json": ('{"image":"a:1","disk":20,"mounts":[{"type":"network","path":"/workspace"}]}'),
        },
        None,
    ),
    (
        "RUN chmod",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY run.sh /opt/run.sh\n"
                "RUN chmod +x /opt/run.sh\n"
                "STOPSIGNAL SIGINT\n"
                'ENTRYPOINT ["/opt/run.sh"]\n'
            ),
            "run.sh": ("#!/bin/bash\nset -e\nexec python -m http.server 8000\n"),
        },
        None,
    ),
    (
        "bash is named",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY run.sh /opt/run.sh\n"
                "STOPSIGNAL SIGINT\n"
                'ENTRYPOINT ["bash", "/opt/run.sh"]\n'
            ),
            "run.sh": ("set -e\nexec python -m http.server 8000\n"),
        },
        None,
    ),
    (
        "CR LF taken out",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY --chmod=755 s.sh /s.sh\n"
                "RUN sed -i 's/\\r$//' /s.sh\n"
                "STOPSIGNAL SIGINT\n"
                'ENTRYPOINT ["/s.sh"]\n'
            ),
            "s.sh": ("#!/bin/sh\r\nset -eu\r\nexec python -m http.server 7860\r\n"),
        },
        None,
    ),
    (
        "CR LF read by bash",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY s.sh /s.sh\nSTOPSIGNAL SIGINT\nENTRYPOINT ["bash", "/s.sh"]\n'),
            "s.sh": ("set -eu\r\nexec python -m http.server 7860\r\n"),
        },
        ("crlf-script", "1"),
    ),
    (
        "CR LF in Python",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY a.py /a.py\nCMD ["python", "/a.py"]\n'),
            "a.py": ("print(1)\r\n"),
        },
        None,
    ),
    (
        "curl -f",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y --no-install-recommends curl\n"
                "COPY --chmod=755 g.sh /g.sh\n"
                'CMD ["/g.sh"]\n'
            ),
            "g.sh": (
                "#!/bin/bash\n"
                "set -euo pipefail\n"
                "curl -sSfL --retry 3 -o /m/v.safetensors "
                '"https://huggingface.co/$R/resolve/main/v.safetensors"\n'
                'exec python -c "1"\n'
            ),
        },
        None,
    ),
    (
        "hash checked behind curl",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y --no-install-recommends curl\n"
                "COPY --chmod=755 g.sh /g.sh\n"
                'CMD ["/g.sh"]\n'
            ),
            "g.sh": (
                "#!/bin/bash\n"
                "set -euo pipefail\n"
                'curl -L -s -o /m/v.safetensors "$U"\n'
                'echo "$SHA  /m/v.safetensors" | sha256sum -c -\n'
                'exec python -c "1"\n'
            ),
        },
        None,
    ),
    (
        "clone inside if",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y --no-install-recommends git\n"
                "COPY --chmod=755 s.sh /s.sh\n"
                'CMD ["/s.sh"]\n'
            ),
            "s.sh": (
                "#!/bin/bash\n"
                "set -euo pipefail\n"
                "cd /workspace\n"
                "if [ ! -d video-node/.git ]; then\n"
                "  git clone --depth 1 https://github.com/e/video-node.git\n"
                "fi\n"
                "cd video-node\n"
                "exec python main.py\n"
            ),
        },
        None,
    ),
    (
        "clone behind test",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y --no-install-recommends git\n"
                "COPY --chmod=755 s.sh /s.sh\n"
                'CMD ["/s.sh"]\n'
            ),
            "s.sh": (
                "#!/bin/bash\n"
                "set -euo pipefail\n"
                "[ -d /workspace/n ] || git clone --depth 1 https://github.com/e/n.git /workspace/n\n"
                "cd /workspace/n && git pull --ff-only\n"
                "exec python main.py\n"
            ),
        },
        None,
    ),
    (
        "clone behind rm",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y --no-install-recommends git\n"
                "COPY --chmod=755 s.sh /s.sh\n"
                'CMD ["/s.sh"]\n'
            ),
            "s.sh": (
                "#!/bin/bash\n"
                "set -euo pipefail\n"
                "rm -rf /workspace/n\n"
                "git clone --depth 1 https://github.com/e/n.git /workspace/n\n"
                "cd /workspace/n\n"
                "exec python main.py\n"
            ),
        },
        None,
    ),
    (
        "partners agree",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY requirements.txt /tmp/\n"
                "RUN pip install --no-cache-dir -r /tmp/requirements.txt\n"
                'CMD ["python","-c","1"]\n'
            ),
            "requirements.txt": (
                "--extra-index-url https://download.pytorch.org/whl/cu124\n"
                "torch==2.6.0\n"
                "torchvision==0.21.0\n"
                "torchaudio==2.6.0\n"
                "xformers==0.0.29.post3\n"
            ),
        },
        None,
    ),
    (
        "torch held by constraints",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir torch==2.5.1 --index-url "
                "https://download.pytorch.org/whl/cu124\n"
                "COPY n.txt c.txt /tmp/\n"
                "RUN pip install --no-cache-dir -r /tmp/n.txt -c /tmp/c.txt\n"
                'CMD ["python","-c","1"]\n'
            ),
            "n.txt": ("torch>=2.0\neinops==0.8.1\n"),
            "c.txt": ("torch==2.5.1\n"),
        },
        None,
    ),
    (
        "torch admitted",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir torch==2.5.1 --index-url "
                "https://download.pytorch.org/whl/cu124\n"
                "COPY r.txt /tmp/requirements.txt\n"
                "RUN pip install --no-cache-dir -r /tmp/requirements.txt\n"
                'CMD ["python","-c","1"]\n'
            ),
            "r.txt": ("torch>=2.4\neinops==0.8.1\n"),
        },
        None,
    ),
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
        "old client pinned",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                'RUN pip install --no-cache-dir "huggingface_hub[cli]==0.36.0"\n'
                'CMD ["huggingface-cli","download","a/b"]\n'
            ),
        },
        None,
    ),
    (
        "old client bounded",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                'RUN pip install --no-cache-dir "huggingface_hub[cli]<1"\n'
                "RUN huggingface-cli download a/b --local-dir /m\n"
                'CMD ["python","-c","1"]\n'
            ),
        },
        None,
    ),
    (
        "hosts with CUDA 13",
        {
            "Dockerfile": (
                'FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.11.0\nCMD ["python","-c","1"]\n'
            ),
            "endpoint.json": ('{"image":"a:1","gpu":{"pools":["ADA_24"],"allowedCudaVersions":["13.0"]},"disk":40}'),
        },
        None,
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
        "shell form of CMD",
        {
            "Dockerfile": ("FROM python:3.11-slim\nCOPY a.py /\nEXPOSE 8000\nCMD python /a.py\n"),
            "a.py": ("import signal\nsignal.pause()\n"),
        },
        None,
    ),
    (
        "held by tail",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "s.sh": ("#!/bin/bash\nset -eu\npython /a.py &\ntail -f /dev/null\n"),
        },
        None,
    ),
    (
        "background and exit",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY a.py /a.py\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "a.py": ("1"),
            "s.sh": ("#!/bin/bash\nset -eu\nnohup python /a.py > /log 2>&1 &\necho started\nexit 0\n"),
        },
        ("server-in-background", "3"),
    ),
    (
        "waited for by id",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY a.py /a.py\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "a.py": ("1"),
            "s.sh": ('#!/bin/bash\nset -eu\npython /a.py &\npid=$!\ntrap "kill $pid" TERM\nwait $pid\n'),
        },
        None,
    ),
    (
        "one behind, one in front",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY a.py /a.py\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "a.py": ("1"),
            "s.sh": ("#!/bin/bash\nset -eu\npython /a.py &\nexec python /a.py\n"),
        },
        None,
    ),
    (
        "exec of arguments, none given",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY a.py /a.py\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "a.py": ("1"),
            "s.sh": ('#!/bin/sh\nset -eu\nexec "$@"\n'),
        },
        None,
    ),
    (
        "exec of arguments",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY a.py /a.py\n"
                "COPY --chmod=755 e.sh /e.sh\n"
                'ENTRYPOINT ["/e.sh"]\n'
                'CMD ["python", "/a.py"]\n'
            ),
            "a.py": ("1"),
            "e.sh": ('#!/bin/sh\nset -eu\nexec "$@"\n'),
        },
        None,
    ),
    (
        "marker behind the download",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y --no-install-recommends wget\n"
                "COPY --chmod=755 s.sh /s.sh\n"
                "STOPSIGNAL SIGINT\n"
                'CMD ["/s.sh"]\n'
            ),
            "s.sh": (
                "#!/bin/bash\n"
                "set -euo pipefail\n"
                "M=/runpod-volume/m.safetensors\n"
                'if [ ! -f "$M.done" ]; then\n'
                '  wget -q -c -O "$M" "$U"\n'
                '  touch "$M.done"\n'
                "fi\n"
                "exec python -m http.server 7860\n"
            ),
        },
        None,
    ),
    (
        "guarded by the final name",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y --no-install-recommends wget\n"
                "COPY --chmod=755 s.sh /s.sh\n"
                "STOPSIGNAL SIGINT\n"
                'CMD ["/s.sh"]\n'
            ),
            "s.sh": (
                "#!/bin/bash\n"
                "set -euo pipefail\n"
                "if [ ! -f /models/m.gguf ]; then\n"
                '  wget -q "$U" -O /models/m.gguf\n'
                "fi\n"
                "exec python -m http.server 7860\n"
            ),
        },
        ("partial-file-accepted", "4"),
    ),
    (
        "always resumed and hashed",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y --no-install-recommends wget\n"
                "COPY --chmod=755 s.sh /s.sh\n"
                "STOPSIGNAL SIGINT\n"
                'CMD ["/s.sh"]\n'
            ),
            "s.sh": (
                "#!/bin/bash\n"
                "set -euo pipefail\n"
                'wget -q -c "$U" -O /models/m.gguf\n'
                'echo "$H  /models/m.gguf" | sha256sum -c -\n'
                "exec python -m http.server 7860\n"
            ),
        },
        None,
    ),
    (
        "prefix on both sides",
        {
            "Dockerfile": ('FROM debian:12-slim\nCOPY --chmod=755 v.sh /v.sh\nCMD ["/v.sh"]\n'),
            "v.sh": (
                "#!/bin/bash\n"
                "set -euo pipefail\n"
                'E="sha256:9f2c1a6e0b7d4c53a8e1f06b92d7c4e5518a3f60d2b97e4c1a05b8f3e6d7c902"\n'
                'A="sha256:$(sha256sum /m | cut -d" " -f1)"\n'
                '[ "$A" = "$E" ] || exit 1\n'
            ),
        },
        None,
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
        "wheel for another torch",
        {
            "Dockerfile": (
                "FROM python:3.12-slim\n"
                "RUN pip install --no-cache-dir torch==2.8.0 --index-url "
                "https://download.pytorch.org/whl/cu128\n"
                "RUN pip install --no-cache-dir "
                "https://x/flash_attn-2.8.3+cu12torch2.7cxx11abiTRUE-cp312-cp312-linux_x86_64.whl\n"
                'CMD ["python","-c","1"]\n'
            ),
        },
        ("flash-attn-wheel-mismatch", "3"),
    ),
    (
        "wheel for another CUDA",
        {
            "Dockerfile": (
                "FROM python:3.12-slim\n"
                "RUN pip install --no-cache-dir torch==2.11.0\n"
                "RUN pip install --no-cache-dir "
                "https://x/flash_attn-2.8.3+cu12torch2.11cxx11abiTRUE-cp312-cp312-linux_x86_64.whl\n"
                'CMD ["python","-c","1"]\n'
            ),
        },
        ("flash-attn-wheel-mismatch", "3"),
    ),
    (
        "mmcv with its operators",
        {
            "Dockerfile": (
                "FROM nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04\n"
                "RUN apt-get update && apt-get install -y python3 python3-pip\n"
                "RUN pip3 install --no-cache-dir torch==2.5.1 --index-url "
                "https://download.pytorch.org/whl/cu124\n"
                "RUN MMCV_WITH_OPS=1 pip3 install --no-cache-dir --no-build-isolation mmcv==2.1.0\n"
                'CMD ["python3","-c","1"]\n'
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
        "shell entry exec",
        {
            "Dockerfile": ("FROM python:3.11-slim\nCOPY a.py /a.py\nENTRYPOINT exec python /a.py\n"),
            "a.py": ("import signal\nsignal.pause()\n"),
        },
        None,
    ),
    (
        "bash -lc",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY a.py /app/a.py\n"
                'CMD ["bash", "-lc", "exec python /app/a.py --port ${PORT:-8000}"]\n'
            ),
            "a.py": ("import signal\nsignal.pause()\n"),
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
        "hashes",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "COPY requirements.txt /tmp/\n"
                "RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.txt\n"
                'CMD ["python","-c","1"]\n'
            ),
            "requirements.txt": (
                "einops==0.8.1 \\\n"
                "    --hash=sha256:de5d960a7a761225532e0f1959e5315ebeafc0cd43394732f103ca44b9837e84 \\\n"
                "    --hash=sha256:919387eb55330f5757c6bea9165c5ff5cfe63a642682ea788a6d472576d81737\n"
                'numpy==2.2.6 ; python_version >= "3.10"\n'
                "# comment\n"
                "-e .\n"
            ),
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
        "fa skip build",
        {
            "Dockerfile": (
                "FROM nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04\n"
                "RUN apt-get update && apt-get install -y python3 python3-pip\n"
                "RUN pip3 install --no-cache-dir torch==2.5.1 --index-url "
                "https://download.pytorch.org/whl/cu124\n"
                "RUN pip3 install --no-cache-dir packaging ninja && MAX_JOBS=4 pip3 install --no-cache-dir "
                "flash-attn==2.7.4.post1 --no-build-isolation\n"
                'CMD ["python3","-c","1"]\n'
            ),
        },
        None,
    ),
    (
        "nginx fg",
        {
            "Dockerfile": (
                "FROM debian:12-slim\n"
                "RUN apt-get update && apt-get install -y nginx\n"
                "EXPOSE 80\n"
                "STOPSIGNAL SIGQUIT\n"
                'CMD ["nginx", "-g", "daemon off;"]\n'
            ),
        },
        None,
    ),
    (
        "supervisor",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y supervisor\n"
                "COPY s.conf /etc/supervisor/conf.d/s.conf\n"
                "EXPOSE 8000\n"
                'CMD ["/usr/bin/supervisord", "-n"]\n'
            ),
            "s.conf": ("[program:a]\ncommand=python\n"),
        },
        None,
    ),
    (
        "tini installed",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN apt-get update && apt-get install -y tini\n"
                "COPY a.py /a.py\n"
                'ENTRYPOINT ["/usr/bin/tini","--"]\n'
                'CMD ["python","/a.py"]\n'
            ),
            "a.py": ("1"),
        },
        None,
    ),
    (
        "tini absent",
        {
            "Dockerfile": (
                'FROM python:3.11-slim\nCOPY a.py /a.py\nENTRYPOINT ["/usr/bin/tini","--"]\nCMD ["python","/a.py"]\n'
            ),
            "a.py": ("1"),
        },
        ("command-missing", "3"),
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
        "workdir rel",
        {
            "Dockerfile": (
                'FROM python:3.11-slim\nWORKDIR /srv\nWORKDIR app\nCOPY main.py .\nCMD ["python","main.py"]\n'
            ),
            "main.py": ("import signal\nsignal.pause()\n"),
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
        "hub ok",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                'RUN pip install --no-cache-dir "huggingface_hub>=1.0" && hf download a/b --local-dir '
                "/models\n"
                'CMD ["python","-c","1"]\n'
            ),
        },
        None,
    ),
    (
        "mkdir -p guard",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "s.sh": (
                "#!/bin/bash\n"
                "set -e\n"
                "mkdir -p /workspace/out\n"
                "ln -sfn /workspace/models /models\n"
                "[ -e /workspace/x ] || ln -s /a /workspace/x\n"
                "exec python -c 1\n"
            ),
        },
        None,
    ),
    (
        "mkdir bad",
        {
            "Dockerfile": ('FROM python:3.11-slim\nCOPY --chmod=755 s.sh /s.sh\nCMD ["/s.sh"]\n'),
            "s.sh": ("#!/bin/bash\nset -e\nmkdir /workspace/out\nexec python -c 1\n"),
        },
        ("not-idempotent", "3"),
    ),
    (
        "sha upper",
        {
            "Dockerfile": (
                "FROM debian:12\n"
                "RUN apt-get update && apt-get install -y wget\n"
                "RUN wget -q https://x/y.bin && echo "
                '"9F2C1A6E0B7D4C53A8E1F06B92D7C4E5518A3F60D2B97E4C1A05B8F3E6D7C902  y.bin" | sha256sum -c '
                "-\n"
                'CMD ["bash"]\n'
            ),
        },
        None,
    ),
    (
        "md5 vs sha",
        {
            "Dockerfile": ('FROM debian:12\nCOPY --chmod=755 v.sh /v.sh\nCMD ["/v.sh"]\n'),
            "v.sh": (
                "#!/bin/bash\n"
                "set -e\n"
                "WANT=d41d8cd98f00b204e9800998ecf8427e\n"
                'GOT=$(sha256sum /m | awk "{print \\$1}")\n'
                "if [[ $GOT != $WANT ]]; then exit 1; fi\n"
            ),
        },
        ("hash-never-equal", "5"),
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
        "ep ports",
        {
            "Dockerfile": ('FROM python:3.11-slim\nSTOPSIGNAL SIGINT\nCMD ["python","-m","http.server","8000"]\n'),
            "endpoint.json": ('{"image":"a:1","disk":20,"ports":["8188/http","22/tcp"]}'),
        },
        ("port-mismatch", ""),
    ),
    (
        "cuda11 toolkit",
        {
            "Dockerfile": (
                "FROM nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04\n"
                "RUN apt-get update && apt-get install -y python3 python3-pip\n"
                "RUN pip3 install --no-cache-dir torch==2.8.0 --index-url "
                "https://download.pytorch.org/whl/cu128\n"
                "RUN pip3 install --no-cache-dir --no-build-isolation flash-attn==2.7.4.post1\n"
                'CMD ["python3","-c","1"]\n'
            ),
        },
        ("toolkit-mismatch", "4"),
    ),
    (
        "cuda 11.8 base ok",
        {
            "Dockerfile": (
                "FROM nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04\n"
                "RUN apt-get update && apt-get install -y python3 python3-pip\n"
                "RUN pip3 install --no-cache-dir torch==2.4.1 --index-url "
                "https://download.pytorch.org/whl/cu118\n"
                'CMD ["python3","-c","1"]\n'
            ),
        },
        None,
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
    (
        "ngc",
        {
            "Dockerfile": (
                "FROM nvcr.io/nvidia/pytorch:24.08-py3\n"
                "COPY a.py /a.py\n"
                "RUN pip install --no-cache-dir einops flash-attn --no-build-isolation\n"
                'CMD ["python","/a.py"]\n'
            ),
            "a.py": ("import signal\nsignal.pause()\n"),
        },
        None,
    ),
    (
        "v100 cu130",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir torch==2.9.1 --index-url "
                "https://download.pytorch.org/whl/cu130\n"
                'CMD ["python","-c","1"]\n'
            ),
            "endpoint.json": (
                '{"image":"a:1","gpu":{"types":["Tesla V100-PCIE-16GB"],"allowedCudaVersions":["13.0"]},"disk":20}'
            ),
        },
        ("gpu-arch-unsupported", "2"),
    ),
    (
        "torchaudio gone",
        {
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install --no-cache-dir torch==2.13.0 torchaudio==2.13.0\n"
                'CMD ["python","-c","1"]\n'
            ),
        },
        ("torch-trio-mismatch", "2"),
    ),
    (
        "py39 torch",
        {
            "Dockerfile": (
                'FROM python:3.9-slim\nRUN pip install --no-cache-dir torch==2.9.1\nCMD ["python","-c","1"]\n'
            ),
        },
        ("torch-python-unsupported", "2"),
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
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_near_misses(look: Look, files: Recipe, expected: tuple[str, str] | None) -> None:
    found = errors(look(files))
    if expected is None:
        assert found == []
    else:
        code, line = expected
        assert any(one == code and place.endswith(f":{line}" if line else "") for one, place in found), found
