"""Near misses of how a container starts: what looks like a fault and is right, and the fault in another dress."""

from __future__ import annotations

import pytest

from tests.diagnose.conftest import Look, Recipe, judged

# What it is, its files, and the error that it must have with its line; None: it is right.
CASES: list[tuple[str, Recipe, tuple[str, str] | None]] = [
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
        "workdir rel",
        {
            "Dockerfile": (
                'FROM python:3.11-slim\nWORKDIR /srv\nWORKDIR app\nCOPY main.py .\nCMD ["python","main.py"]\n'
            ),
            "main.py": ("import signal\nsignal.pause()\n"),
        },
        None,
    ),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_near_misses(look: Look, files: Recipe, expected: tuple[str, str] | None) -> None:
    judged(look(files), expected)
