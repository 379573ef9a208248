"""What the owner of the project met, in the owner's own words where they are known: each is found, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnose.conftest import Look, Recipe

BASE = "FROM nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04\n"
APT = "RUN apt-get update && apt-get install -y python3 python3-pip python3-venv git wget\n"
START = BASE + APT + 'COPY --chmod=755 start.sh /start.sh\nCMD ["/start.sh"]\n'

STORIES: list[tuple[str, Recipe, str, str]] = [
    (
        "F5: the missing redirect, in the midst of sixty lines",
        {
            "Dockerfile": "FROM python:3.11-slim\n"
            + "RUN echo '#!/bin/bash' > /app/start.sh && \\\n"
            + "".join(f"    echo 'export STEP={number}' >> /app/start.sh && \\\n" for number in range(62))
            + "    echo 'echo \"Starting F5-TTS\"' >> /app/start.sh && \\\n"
            + "    echo 'python /app/setup_network_venv.py' && \\\n"
            + "    echo 'exec python /app/runpod-handler.py' >> /app/start.sh && \\\n"
            + '    chmod +x /app/start.sh\nCMD ["/app/start.sh"]\n'
        },
        "redirect-missing",
        "Dockerfile:66",
    ),
    (
        "Foley: pip on Ubuntu 24.04",
        {"Dockerfile": START, "start.sh": "#!/bin/bash\nset -e\npip3 install soundfile\nexec python3 -c 1\n"},
        "pep668",
        "start.sh:3",
    ),
    (
        "Foley: a package that is not there",
        {"Dockerfile": "FROM python:3.12-slim\nRUN pip install --no-cache-dir hf-hub\n"},
        "package-misnamed",
        "Dockerfile:2",
    ),
    (
        "Foley: torch 2.8.2+cu121",
        {
            "Dockerfile": START,
            "start.sh": "#!/bin/bash\nset -e\npip3 install --break-system-packages torch==2.8.2+cu121 "
            "--index-url https://download.pytorch.org/whl/cu121\nexec python3 -c 1\n",
        },
        "torch-version-nonexistent",
        "start.sh:3",
    ),
    (
        "Foley: git clone on restart",
        {
            "Dockerfile": START,
            "start.sh": "#!/bin/bash\nset -e\ngit clone https://h.org/foley /workspace/foley\nexec python3 -c 1\n",
        },
        "not-idempotent",
        "start.sh:3",
    ),
    (
        "SteadyDancer: build isolation",
        {
            "Dockerfile": "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\n"
            + APT
            + "RUN pip3 install torch==2.5.1 torchvision torchaudio \\\n"
            "    --index-url https://download.pytorch.org/whl/cu124\nRUN pip3 install flash-attn==2.7.4.post1\n"
        },
        "flash-attn-build-isolation",
        "Dockerfile:5",
    ),
    (
        "SteadyDancer: parallel downloads",
        {
            "Dockerfile": START,
            "start.sh": '#!/bin/bash\nset -e\n(\n    wget -c "url1" -O cn_openpose.pth &\n'
            '    wget -c "url2" -O cn_depth.pth &\n'
            '    wget -c "url3" -O cn_canny.pth\n) &\nwait\nexec python3 -c 1\n',
        },
        "wait-loses-failure",
        "start.sh:8",
    ),
    (
        "SteadyDancer: the hash",
        {
            "Dockerfile": START,
            "start.sh": '#!/bin/bash\nMODEL_PATH="/workspace/steady_dancer.gguf"\nif [ -f "$MODEL_PATH" ]; then\n'
            '    EXPECTED_HASH="sha256:abc123..."\n    ACTUAL_HASH=$(sha256sum "$MODEL_PATH" | cut -d" " -f1)\n\n'
            '    if [ "$ACTUAL_HASH" != "$EXPECTED_HASH" ]; then\n        rm -f "$MODEL_PATH"\n    fi\nfi\n'
            "exec python3 -c 1\n",
        },
        "hash-never-equal",
        "start.sh:7",
    ),
    (
        "SteadyDancer: a check that gives a Dockerfile to compose",
        {
            "docker/Dockerfile.zr4": BASE,
            "check.sh": "docker compose -f docker/Dockerfile.zr4 config > /dev/null && echo Valid\n",
        },
        "check-of-another",
        "check.sh:1",
    ),
    (
        "SteadyDancer: the emergency rollback",
        {
            "Dockerfile": BASE,
            "rollback.sh": '#!/bin/bash\nCONTAINER_NAME="runpod-zr4"\nPREVIOUS_IMAGE="zr4:v1"\n'
            "docker stop $CONTAINER_NAME || true\ndocker rm $CONTAINER_NAME || true\n"
            "docker tag $PREVIOUS_IMAGE zr4:latest || {\n    exit 1\n}\n"
            "docker run -d --name $CONTAINER_NAME --gpus all -p 8188:8188 -v models:/workspace/models zr4:latest\n",
        },
        "rollback-removes-first",
        "rollback.sh:4",
    ),
]


@pytest.mark.parametrize(
    ("files", "code", "place"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES]
)
def test_the_owners_stories(look: Look, files: Recipe, code: str, place: str) -> None:
    assert (code, place) in [(finding.code, finding.place) for finding in look(files) if finding.severity == "error"]


def test_the_pages_name_codes_that_exist() -> None:
    """And every code that an analyser gives stands in the table of docs/diagnose.md."""
    root = Path(__file__).parents[2]
    source = "\n".join(path.read_text() for path in (root / "src/greenroom").rglob("*.py"))
    page = (root / "docs/diagnose.md").read_text()
    listed = {
        word
        for word in page.split("## What it finds")[1].split("## What it cannot")[0].split("`")[1::2]
        if " " not in word
    }
    assert {code for code in listed if "/" not in code and f'"{code}"' not in source} == set()
    for row in (root / "docs/failures.md").read_text().splitlines():
        if row.startswith("| ") and "`diagnose`" in row:
            assert set(row.split("|")[3].replace(",", "").split("`")[1::2]) & listed, row
