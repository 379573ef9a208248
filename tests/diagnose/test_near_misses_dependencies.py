"""Near misses of torch and its partners: what looks like a fault and is right, and the fault in another dress."""

from __future__ import annotations

import pytest

from tests.diagnose.conftest import Look, Recipe, judged

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
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_near_misses(look: Look, files: Recipe, expected: tuple[str, str] | None) -> None:
    judged(look(files), expected)
