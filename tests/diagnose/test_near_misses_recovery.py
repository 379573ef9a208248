"""Near misses of downloads and second starts: what looks like a fault and is right, and the fault in another dress."""

from __future__ import annotations

import pytest

from tests.diagnose.conftest import Look, Recipe, judged

# What it is, its files, and the error that it must have with its line; None: it is right.
CASES: list[tuple[str, Recipe, tuple[str, str] | None]] = [
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
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_near_misses(look: Look, files: Recipe, expected: tuple[str, str] | None) -> None:
    judged(look(files), expected)
