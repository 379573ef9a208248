"""The entry: finds the verb, runs it, and turns what went wrong into words, JSON and an exit code.

Exit codes: 0 done, 1 the work failed (or findings were found), 2 the command line is wrong, 130 stopped by the user.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from greenroom import __version__
from greenroom.cli import interrupts
from greenroom.cli.output import show_error
from greenroom.errors import Cancelled, GreenroomError, InputInvalid, OutputUnwritable, UnknownName, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

# A verb is a module of greenroom.cli with a command of the same name; its line here spares importing it for --help.
VERBS = {
    "doctor": "Look whether this machine can run greenroom, and whether models fit.",
    "rehearse": "Run a model's whole way with invented weights, before any download.",
    "pull": "Fetch the weights of models, or files by URL, and verify every byte.",
    "install": "Make the environment for models: locked, checked file by file.",
    "build": "Write an image of a model, and prove that it starts.",
    "diagnose": "Read a build recipe, and say at which line it is broken.",
    "weights": "List, verify and prune the weights that are here.",
    "speak": "Say a text, and write captions of it.",
    "restore": "Restore and enlarge videos and pictures.",
    "foley": "Make sound for a video, a picture, or of words alone.",
    "animate": "Let the person in a picture move as the one in a video does.",
    "voices": "Keep voices by name, for the models that take any.",
    "caption": "Make subtitle files from timed words, or from sound and its text.",
    "worker": "Serve one model on RunPod serverless.",
    "serve": "Serve models over HTTP, with durable jobs and a page at /.",
    "jobs": "List, follow and cancel the jobs of a server.",
    "keys": "Make a key for a server, and show it this once.",
    "plan": "Check, run and take back plans: phases with a verification and an undo.",
    "ledger": "Keep tasks, journal and errors, and documents that still agree with the code.",
    "deploy": "Release an image on RunPod or a compose host; prove it, or take it back.",
    "rollback": "Bring back the release before, or a named one.",
    "status": "Show what is deployed, how it stands, and what runs and costs money.",
    "models": "List the models and voices, licence first, or show one.",
    "config": "Show every setting and where it came from.",
}


class Verbs(click.Group):
    """A group that imports a verb when it is called, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which one meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module. Raises UnknownName."""
        if cmd_name not in VERBS:
            raise UnknownName("verb", cmd_name, VERBS)
        command: click.Command = getattr(importlib.import_module(f"greenroom.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table above."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="greenroom", message="%(prog)s %(version)s")
def greenroom() -> None:
    """From a recipe to a warm, verified worker for speech, sound and video models.

    Results go to standard output, words to standard error. Every verb takes --json and --help.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for name, flags in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by who started us, as some service managers do
            setattr(sys, name, open(os.devnull, flags))  # noqa: PTH123, SIM115 - for the life of the process
    # Being told to end is like Ctrl-C: what was begun is cleaned up.
    interrupts.install()
    sys.exit(run(given))


def run(arguments: list[str]) -> int:
    """Run the command line; gives the exit code."""
    as_json = "--json" in arguments
    try:
        code = greenroom.main(arguments, prog_name="greenroom", standalone_mode=False, obj=tuple(arguments))
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except BrokenPipeError:
        return _reader_left()
    except (Exception, KeyboardInterrupt) as error:  # the edge: whatever it is, a user sees words and not code
        failure = _as_failure(error)
        _tell(failure, as_json=as_json)
        return failure.exit_code
    return code if isinstance(code, int) else 0


def _as_failure(error: BaseException) -> GreenroomError:
    """Any exception as an error with words and an exit code."""
    if isinstance(error, GreenroomError):
        return error
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return Cancelled()
    if isinstance(error, click.ClickException):
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "greenroom"
        return InputInvalid(error.format_message().rstrip("."), mend=f"{command} --help")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        place = f" for {quoted(error.filename)}" if error.filename else ""
        return OutputUnwritable(f"no room on the disk{place}", mend="free some, and run it again")
    return _unexpected(error)


def _unexpected(error: BaseException) -> GreenroomError:
    from greenroom.settings import resolve, variable

    with contextlib.suppress(GreenroomError):  # broken settings have been said already
        if resolve().settings.traceback:
            raise error
    name = variable("traceback")
    return GreenroomError(
        f"unexpected failure ({type(error).__name__})",
        mend=f"this is a fault of greenroom: run it again with {name}=1 and report what it prints",
    )


def _tell(failure: GreenroomError, *, as_json: bool) -> None:
    """Say it; on standard error where standard output takes nothing, and nowhere where that takes nothing either."""
    with contextlib.suppress(OSError):
        try:
            show_error(failure, as_json=as_json)
        except OSError:
            show_error(failure, as_json=False)


def _reader_left() -> int:
    """Whoever read our output has gone, as ``head`` does: no more can be said, and nothing is wrong."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
