"""A machine with Docker: commands as lists of words, here or through the ssh client."""

from __future__ import annotations

import http.client
import re
import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from greenroom.errors import InputInvalid, quoted
from greenroom.ship.deploy.errors import HostFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESTINATION = re.compile(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?")
_PROBE_S = 5
# What an error shows of a command's own words.
_SHOWN = 400
# The ssh client's own failure: the command may not have been run.
_SSH_FAILED = 255


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def last_words(self) -> str:
        """The end of what it said, on one line."""
        return " ".join((self.err.strip() or self.out.strip()).split())[-_SHOWN:]


class Host(Protocol):
    """Where commands are run."""

    @property
    def name(self) -> str:
        """As the record keeps it; empty for this machine."""
        ...

    def run(self, command: Sequence[str], text: str = "", *, timeout_s: float = 120.0) -> Completed:
        """Run a command to its end, with ``text`` as its input. Raises HostFailed where it could not be run at all."""
        ...

    def status(self, port: int, path: str) -> int:
        """What a GET of this machine's own port answers; 0 where nothing does."""
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """This machine."""

    name: str = ""

    def run(self, command: Sequence[str], text: str = "", *, timeout_s: float = 120.0) -> Completed:
        """Run a command."""
        return _run(command, text, timeout_s)

    def status(self, port: int, path: str) -> int:
        """Ask the port."""
        # Not through a proxy of the environment: it is this machine.
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PROBE_S)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Behind:
    """A machine behind SSH, as ``ssh`` knows it: keys, ports and jumps stand in its configuration."""

    name: str

    def run(self, command: Sequence[str], text: str = "", *, timeout_s: float = 120.0) -> Completed:
        """Run a command there; ssh hands the remote shell one line, so each word is quoted for it."""
        done = _run(["ssh", "-o", "BatchMode=yes", self.name, "--", shlex.join(command)], text, timeout_s)
        if done.code == _SSH_FAILED:
            raise HostFailed(f"{self.name} cannot be reached: {done.last_words}", mend=f"try: ssh {self.name} true")
        return done

    def status(self, port: int, path: str) -> int:
        """Ask the port from there, since it may listen on that machine alone."""
        asks = ["curl", "-s", "-o", "/dev/null", "-m", str(_PROBE_S), "-w", "%{http_code}"]
        done = self.run([*asks, f"http://127.0.0.1:{port}{path}"])
        return int(done.out) if done.out.isdecimal() else 0


def host(name: str) -> Host:
    """This machine for an empty name, or one behind SSH. Raises InputInvalid."""
    if not name:
        return Here()
    if not _DESTINATION.fullmatch(name):
        raise InputInvalid(f"{quoted(name)} is no machine that ssh could reach", mend="--host USER@MACHINE")
    return Behind(name)


def _run(command: Sequence[str], text: str, timeout_s: float) -> Completed:
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours, and a destination that was checked
            command, input=text, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False
        )
    except FileNotFoundError as error:
        raise HostFailed(f"there is no program {command[0]} here", mend=f"install {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise HostFailed(
            f"{shlex.join(command[:4])} ... did not end in {timeout_s:.0f} s", mend="look what the machine is doing"
        ) from error
    return Completed(done.returncode, done.stdout, done.stderr)
