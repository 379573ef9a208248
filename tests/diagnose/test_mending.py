"""Patches: what is safe is applied whole, and the recipe is right afterwards."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from greenroom.diagnose.diagnosing import diagnose
from greenroom.diagnose.mending import apply, changes
from tests.diagnose.conftest import write

CORPUS = Path(__file__).parents[1] / "corpus" / "builds"
# Classes whose mend is safe, so that --fix alone makes the recipe whole.
FIXED = [
    "b15",
    "b23",
    "b27",
    "b32",
    "b33",
    "own-apt-without-yes",
    "own-unquoted-specifier",
    "own-comment-in-instruction",
]


@pytest.mark.parametrize("name", FIXED)
def test_a_safe_mend_mends(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(CORPUS / name, folder)
    code = json.loads((folder / "label.json").read_text())["class"]
    wanted = changes(folder, diagnose(folder), safe=True)
    apply(folder, wanted)
    left = [finding.code for finding in diagnose(folder) if finding.severity == "error"]
    assert code not in left
    assert wanted[0].after.encode() == (folder / wanted[0].path).read_bytes()


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in CORPUS.glob("*/label.json")), ids=lambda folder: folder.name
)
def test_every_diff_applies(folder: Path, tmp_path: Path) -> None:
    """git takes what --diff prints."""
    diff = "".join(change.diff for change in changes(folder, diagnose(folder), safe=False))
    if diff:
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        command = ["git", "apply", "--check", "-"]
        done = subprocess.run(command, cwd=copy, input=diff.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_modes_and_line_ends_stay(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": "FROM python:3.11-slim\r\nRUN apt-get update && apt-get install ffmpeg\r\n"})
    (tmp_path / "Dockerfile").chmod(0o755)
    apply(tmp_path, changes(tmp_path, diagnose(tmp_path), safe=True))
    assert (tmp_path / "Dockerfile").read_bytes() == (
        b"FROM python:3.11-slim\r\nRUN apt-get update && apt-get install -y ffmpeg\r\n"
    )
    assert (tmp_path / "Dockerfile").stat().st_mode & 0o777 == 0o755


def test_what_has_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": "FROM python:3.11-slim\nRUN apt-get update && apt-get install ffmpeg\n"})
    found = diagnose(tmp_path)
    write(tmp_path, {"Dockerfile": "FROM python:3.11-slim\n\n"})
    assert changes(tmp_path, found, safe=True) == ()


def _errors(folder: Path) -> Counter[tuple[str, str | None]]:
    return Counter((finding.code, finding.path) for finding in diagnose(folder) if finding.severity == "error")


def _brings_no_other_error(folder: Path, scratch: Path) -> None:
    """Apply each patch alone, and all together: nothing may be an error that was none."""
    found, before = diagnose(folder), _errors(folder)
    patched = [finding for finding in found if finding.patch is not None]
    for number, chosen in enumerate([*([finding] for finding in patched), patched]):
        copy = scratch / str(number)
        shutil.copytree(folder, copy)
        apply(copy, changes(copy, chosen, safe=False))
        assert _errors(copy) - before == Counter(), [finding.code for finding in chosen]


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in CORPUS.glob("*/label.json")), ids=lambda folder: folder.name
)
def test_no_patch_of_the_corpus_brings_an_error(folder: Path, tmp_path: Path) -> None:
    _brings_no_other_error(folder, tmp_path)


_GPU = "FROM nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04\n"
_PIP = "FROM python:3.11-slim\nRUN pip install --no-cache-dir "
_BLACKWELL = '{"image": "a:1", "gpuTypeIds": ["NVIDIA GeForce RTX 5090"]}'


@pytest.mark.parametrize(
    "files",
    [
        {"Dockerfile": f"{_PIP}torch==2.8.2+cu121 --index-url https://download.pytorch.org/whl/cu121\n"},
        {"Dockerfile": f"{_PIP}torch==2.8.2 --index-url https://download.pytorch.org/whl/cu121\n"},
        {"Dockerfile": f"{_PIP}torch==2.8.2 --index-url https://download.pytorch.org/whl/cu128\n"},
        {"Dockerfile": f"{_PIP}torch==2.8.2\n"},
        {
            "Dockerfile": f"{_PIP}torch==2.8.2+cu121 --index-url https://download.pytorch.org/whl/cu121\n"
            "COPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\n",
            "requirements.txt": "gradio==4.44.0\ntorch==2.5.1\n",
        },
        {
            "Dockerfile": f"{_PIP}torch==2.4.0 --index-url https://download.pytorch.org/whl/cpu\n",
            "endpoint.json": _BLACKWELL,
        },
        {
            "Dockerfile": f"{_PIP}torch==2.6.0 --index-url https://download.pytorch.org/whl/cpu\n",
            "endpoint.json": _BLACKWELL,
        },
        {
            "Dockerfile": f"{_PIP}torch==2.8.0+cpu --index-url https://download.pytorch.org/whl/cpu\n",
            "endpoint.json": _BLACKWELL,
        },
        {"Dockerfile": f"{_PIP}cv2 sklearn PIL yaml hf-hub\n"},
        {"Dockerfile": f"{_PIP}torch==2.5.1 torchvision==0.19.0 xformers==0.0.27.post2\n"},
        {
            "Dockerfile": f'{_PIP}uvicorn fastapi\nCOPY app.py .\nEXPOSE 8000\nCMD ["uvicorn", "app:app"]\n',
            "app.py": "",
        },
        {"Dockerfile": f"{_PIP}gunicorn flask\nCOPY app.py .\nEXPOSE 8000\nCMD gunicorn app:app\n", "app.py": ""},
        {"Dockerfile": f"{_GPU}COPY s.sh /s.sh\nCMD /s.sh\n", "s.sh": "#!/bin/sh\npython -m http.server 8000 &\n"},
    ],
)
def test_no_patch_brings_an_error(files: dict[str, str], tmp_path: Path) -> None:
    _brings_no_other_error(write(tmp_path / "recipe", files), tmp_path)


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ('CMD ["uvicorn", "app:app"]', 'CMD ["uvicorn", "app:app", "--host", "0.0.0.0"]'),
        ('CMD ["python", "-m", "flask", "run"]', 'CMD ["python", "-m", "flask", "run", "--host=0.0.0.0"]'),
        ("CMD exec gunicorn app:app", "CMD exec gunicorn app:app -b 0.0.0.0:8000"),
        ('CMD ["sh", "-c", "uvicorn app:app"]', None),
        ("CMD uvicorn app:app > /var/log/app", None),
    ],
)
def test_a_server_is_told_its_address(line: str, mended: str | None, tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": f"FROM python:3.11-slim\nCOPY app.py .\nEXPOSE 8000\n{line}\n", "app.py": ""})
    (found,) = [finding for finding in diagnose(tmp_path) if finding.code == "listens-on-localhost"]
    assert (found.patch.after[0] if found.patch is not None else None) == mended
