"""Stands in for ``docker`` and for ``ssh``, by the name it is called by: keeps what was asked, and what runs.

As programs on PATH, or called in this process where starting them proves nothing more.

Containers are processes that answer HTTP on the port that is published, so that probes are real. How an image behaves
is in its name: ``bad`` ends at once, ``sick`` answers 503, ``fails`` answers POST with 500. One that is asked for
``/sicken`` answers 503 from then on. It is started often, so it imports little.
"""

from __future__ import annotations

import json
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

STATE = ""
SERVER = """
import socket, sys
image, port = sys.argv[1], int(sys.argv[2])
with socket.create_server(("127.0.0.1", port)) as listening:
    while True:
        connection, _ = listening.accept()
        with connection:
            request = connection.recv(65536)
            image += " sick" if b"/sicken" in request else ""
            status = 500 if "fails" in image and request[:4] == b"POST" else 503 if "sick" in image else 200
            connection.sendall(b"HTTP/1.1 %d X\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n" % status)
"""


def main(argv: list[str]) -> int:
    global STATE  # noqa: PLW0603 - where all functions of this small program look
    STATE = os.environ["DOCKER_STATE"]
    program = os.path.basename(argv[0])  # noqa: PTH119 - pathlib takes longer to import than all else
    with open(f"{STATE}/asked", "a") as file:  # noqa: PTH123 - pathlib is slow to import
        file.write(json.dumps([program, *argv[1:]]) + "\n")
    words = argv[1:]
    if program == "ssh":
        if "nobody@nowhere" in words:
            print("ssh: connect to host nowhere: no route", file=sys.stderr)
            return 255
        ssh(words)
    if words[:2] == ["image", "inspect"]:
        return 0 if "local" in words[-1] else 1
    if words[:2] == ["compose", "ls"]:
        print(json.dumps([{"Name": name, "Status": f"{state(name)}(1)"} for name in projects()]))
        return 0
    assert words[:2] == ["compose", "-p"], words
    verbs = {"config": config, "up": up, "ps": ps, "logs": logs, "down": down}
    return next(verbs[word] for word in words[3:] if word in verbs)(words[2])


def ssh(words: list[str]) -> NoReturn:
    os.execv("/bin/sh", ["sh", "-c", words[-1]])


def config(project: str) -> int:
    said = json.load(sys.stdin)  # JSON is YAML
    if "services" not in said:
        print("no services", file=sys.stderr)
        return 15
    for name, volume in (said.get("volumes") or {}).items():
        volume.setdefault("name", f"{project}_{name}")
    print(json.dumps({"name": project, "networks": {"default": {"name": f"{project}_default"}}, **said}))
    return 0


def up(project: str) -> int:
    said = json.load(sys.stdin)
    assert said["name"] == project
    name, service = next((name, one) for name, one in said["services"].items() if one.get("ports"))
    if project in projects() and kept(project)["image"] == service["image"] and state(project) == "running":
        return 0
    down(project)
    pid = 0 if "bad" in service["image"] else start(service["image"], service["ports"][0]["published"])
    with open(f"{STATE}/{project}.json", "w") as file:  # noqa: PTH123 - pathlib is slow to import
        json.dump({"image": service["image"], "config": said, "service": name, "pid": pid}, file)
    return 0


def start(image: str, port: str) -> int:
    """A process of its own that outlives this one."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, descriptor) for descriptor in (0, 1, 2)]
    words = [sys.executable, "-S", "-c", SERVER, image, port]
    return os.posix_spawn(sys.executable, words, os.environ, file_actions=actions, setpgroup=0)


def ps(project: str) -> int:
    if project in projects():
        print(json.dumps({"Service": kept(project)["service"], "State": state(project)}))
    return 0


def logs(project: str) -> int:
    print("Traceback: the model is not there")
    return 0


def down(project: str) -> int:
    if project in projects():
        if state(project) == "running":
            stop(kept(project)["pid"])
        os.unlink(f"{STATE}/{project}.json")  # noqa: PTH108 - pathlib is slow to import
    return 0


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return  # another process started it


def projects() -> list[str]:
    return sorted(name[:-5] for name in os.listdir(STATE) if name.endswith(".json"))  # noqa: PTH208 - pathlib is slow to import


def kept(project: str) -> dict[str, Any]:
    with open(f"{STATE}/{project}.json") as file:  # noqa: PTH123 - pathlib is slow to import
        said: dict[str, Any] = json.load(file)
        return said


def state(project: str) -> str:
    pid = kept(project)["pid"]
    try:
        with open(f"/proc/{pid or 'none'}/stat") as file:  # noqa: PTH123 - pathlib is slow to import
            is_dead = file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        is_dead = True
    return "exited" if is_dead else "running"
