"""``greenroom serve``: models as a service."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, json_option
from greenroom.cli.recording import ledger_of
from greenroom.ledger.incidents import Incidents
from greenroom.settings import variable


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@setting_flags(
    "host", "port", "devices", "data", "database", "artifacts", "history_days", "keys", "allow_anonymous",
    "allow_private_urls", "public_url", "max_upload_mb", "max_media_s", "max_megapixels", "idle_unload_s",
    "stop_grace_s", "ledger",
)  # fmt: skip
@json_option
def serve(models: tuple[str, ...], as_json: bool, **flags: Any) -> int:
    """Serve models over HTTP, with durable jobs and a page at /.

    MODEL is a name of the catalogue, or module:Class for one of your own; without any, the embedded voice is served.
    Jobs that were accepted are kept, and go on after a restart.
    """
    import asyncio

    from greenroom.errors import ExtraMissing

    out = Output("serve", as_json)
    settings = configured(out, flags)
    try:
        import uvloop

        from greenroom.serve.logs import configure
        from greenroom.serve.running import serve as run
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("greenroom"):
            raise
        raise ExtraMissing("the server", "serve") from error
    configure(settings)
    # Inputs and results are nobody's business but the server's.
    os.umask(0o077)
    # A model of one's own lies where one stands; the workers get the same path.
    sys.path.insert(0, str(Path.cwd()))
    # Models read the settings anew in their workers, which know no flags.
    os.environ[variable("data")] = str(settings.data.absolute())

    def listening(url: str) -> None:
        out.result({"url": url}, f"greenroom serves at {url}")

    signal.signal(signal.SIGINT, signal.default_int_handler)  # which the loop then takes over
    with (
        Incidents(ledger_of(out, settings)) as incidents,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        contextlib.suppress(KeyboardInterrupt),
    ):
        # The first signal ends the server in order; a second one comes through here and ends it at once.
        runner.run(run(settings, models, listening, lambda one: incidents.hear(one.kind, one.subject, one.words)))
    return 0
