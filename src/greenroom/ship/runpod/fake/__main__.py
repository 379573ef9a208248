"""``python -m greenroom.ship.runpod.fake``: the fake platform on a port, to try deploys without an account.

Images whose names hold ``does-not-start`` never become healthy, and jobs of those with ``fails-jobs`` fail.
"""

from __future__ import annotations

import signal
from threading import Event

import click

from greenroom.ship.runpod.fake import Behaviour, FakeRunPod, Platform, ScaledClock


@click.command()
@click.option("--port", default=8771, show_default=True, help="Port on 127.0.0.1.")
@click.option("--key", default="rpa_fake", show_default=True, help="The key that requests must carry.")
@click.option("--speed", default=1.0, show_default=True, help="How much faster than ours its clock goes.")
@click.option("--per-minute", type=int, help="Requests that it takes in a minute of its clock.")
def main(port: int, key: str, speed: float, per_minute: int | None) -> None:
    """Run a RunPod of one's own until it is stopped."""
    platform = Platform(ScaledClock(speed))
    platform.behave = {"does-not-start": Behaviour(starts=False), "fails-jobs": Behaviour(answers=False)}
    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with FakeRunPod(platform, key=key, port=port, per_minute=per_minute) as fake:
        click.echo(f"a fake RunPod takes the key {key} at {fake.base}")
        ended.wait()


if __name__ == "__main__":
    main()
