"""``greenroom rehearse``: a model's whole way before any download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, json_option
from greenroom.cli.recording import recorded
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.rehearsed import ColdStart, Rehearsed, SizeFit, StageRun


@click.command()
@click.argument("model")
@click.option("--size", help="How much work, such as 10s or 10sx8; a usual amount for the device if not given.")
@click.option("--precision", help="fp32, fp16, bf16 or fp8; what the model takes on the device if not given.")
@click.option("--device", default="auto", show_default=True, help="cpu or cuda:0; auto is a GPU if there is one.")
@click.option("--tiny", is_flag=True, help="A small network of the same kind: seconds, also on a CPU.")
@setting_flags("ledger")
@json_option
def rehearse(
    model: str, size: str | None, precision: str | None, device: str, tiny: bool, ledger: str | None, as_json: bool
) -> int:
    """Run a model's whole way with invented weights, before any download.

    MODEL is a name of the catalogue. Weights of the published shapes are made on the device, and a request is done
    twice: that proves driver, kernels, memory and audio libraries. It ends with 1 if a stage fails, and says which one,
    why, and what to do.
    """
    from greenroom.models.rehearsing import rehearse as rehearsed

    out = Output("rehearse", as_json)
    settings = configured(out, {"ledger": ledger})
    with recorded(out, settings, "verify", f"rehearsal of {model}", f"rehearse {model} with invented weights") as done:
        with out.progress() as step:
            found = rehearsed(model, size=size, precision=precision, device=device, tiny=tiny, step=step)
        lines = tuple(_lines(found))
        done.uses(device=found.device, precision=found.precision, size=found.size, network="tiny" if tiny else "")
        if found.passed:
            done.done(lines[0])
        else:  # of this machine, and no error of the project
            done.failed(lines[0])
        out.result(found, "\n".join(lines))
        out.findings(found.findings)
    return 0 if found.passed else 1


def _lines(found: Rehearsed) -> Iterator[str]:
    network = "its own weights" if not found.invented else "a tiny network" if found.tiny else "invented weights"
    how = ", ".join(filter(None, [network, found.precision, found.size]))
    yield f"{found.model} on {found.device}, {how}: {'passed' if found.passed else 'failed'}"
    yield ""
    rows = [("stage", "first", "second", "GPU memory", "did"), *map(_stage, found.stages)]
    on_gpu = any(run.device_peak is not None for run in found.stages)
    yield columns(rows if on_gpu else [(*cells[:3], cells[4]) for cells in rows])
    facts = [*_memory(found), *_fits(found.sizes), *([_cold(found.cold_start)] if found.cold_start else [])]
    if facts:
        yield ""
        yield columns(facts)


def _stage(run: StageRun) -> tuple[str, ...]:
    times = [_seconds(run.first_s), _seconds(run.second_s)]
    peak = "" if run.device_peak is None else readable(run.device_peak)
    return run.name, *times, peak, run.words if run.state == "ran" else run.state


def _memory(found: Rehearsed) -> Iterator[tuple[str, str]]:
    if found.device_peak is not None and found.free is not None:
        yield "GPU memory", f"{readable(found.device_peak)} at most, of {readable(found.free)} that were free"
    if found.host_peak is not None:
        yield "host memory", f"{readable(found.host_peak)} at most"


def _fits(sizes: tuple[SizeFit, ...]) -> Iterator[tuple[str, str]]:
    for place, size in enumerate(sizes):
        yield ("" if place else "sizes"), f"{size.size}, {size.words}: {_fit(size)}"


def _fit(size: SizeFit) -> str:
    if size.fits is None:
        return "not measured"
    verdict = "fits" if size.fits else "does not fit"
    if size.bytes is not None:
        about = "" if size.source == "measured" else "about "
        return f"{verdict}, {about}{readable(size.bytes)} ({size.source})"
    return f"{verdict} ({size.source}{', from a larger one' if size.fits else ''})"


def _cold(cold: ColdStart) -> tuple[str, str]:
    reading = (
        f", {readable(cold.read_bytes)} of weights at {cold.read_rate / 1e6:.0f} MB a second {cold.read_s:.1f} s"
        if cold.read_bytes
        else ""
    )
    return "cold start", f"{cold.total_s:.1f} s (predicted): start and warm-up {cold.start_s:.1f} s{reading}"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s" if seconds >= 10 else f"{seconds:.3f} s"
