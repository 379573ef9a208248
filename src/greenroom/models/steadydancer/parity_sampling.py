"""Golden cases of sampling and conditions: what the original's parts answered, beside what ours do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from greenroom.models.golden import same
from greenroom.models.steadydancer.conditions.sizes import area_of, size_of
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.schedule import TIMES, Schedule, SolverName
from greenroom.models.steadydancer.sampling.solvers import Solver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.golden import Case, Comparison, Golden

_SOLVERS: dict[str, SolverName] = {"unipc": "unipc", "dpmpp": "dpm++"}
"""By their names in the cases."""

_POSE_SETTING = "1024x576"  # of which poses are found, whatever the video's size is


def scheduler_tables(golden: Golden) -> Iterator[Comparison]:
    """Times and sigmas of schedules."""
    yield same("times", golden.config["num_train_timesteps"], TIMES)
    for combo in golden.config["combos"]:
        steps, shift = combo["steps"], combo["shift"]
        for name, solver in _SOLVERS.items():
            schedule = Schedule.of(solver, steps, shift)
            key = f"n{steps}_shift{shift:g}"
            sigmas, times = torch.tensor(schedule.sigmas), torch.tensor(schedule.times)
            yield golden.compare(f"sigmas of {solver} {key}", sigmas, f"outputs.{name}_sigmas_{key}")
            yield golden.compare(f"times of {solver} {key}", times, f"outputs.{name}_timesteps_{key}")


def scheduler_steps(golden: Golden) -> Iterator[Comparison]:
    """Latents behind every step of both solvers, with the same velocities."""
    config, velocities = golden.config, golden.tensor("inputs.velocities")
    for name, solver in _SOLVERS.items():
        going = Solver(Schedule.of(solver, config["steps"], config["shift"]), golden.tensor("inputs.latent0"))
        made = torch.stack([going.step(velocity) for velocity in velocities])
        yield golden.compare(solver, made, f"outputs.{name}_latents")


def cfg_combine(golden: Golden) -> Iterator[Comparison]:
    """Velocities of two and of three passes, and which steps have three."""
    config = golden.config
    guidance = Guidance(config["guide_scale"], config["condition_guide_scale"])
    two = {
        Pass.CONDITIONAL: golden.tensor("inputs.cond"),
        Pass.UNCONDITIONAL: golden.tensor("inputs.uncond_text"),
    }
    three = two | {Pass.OTHER_POSE: golden.tensor("inputs.uncond_pose")}
    yield golden.compare("two", guidance.guided(two), "outputs.two")
    yield golden.compare("three", guidance.guided(three), "outputs.three")
    for row in config["table"]:
        steps = row["steps"]
        own = Guidance(guidance.text, guidance.pose, row["st_cond_cfg"], row["end_cond_cfg"])
        label = f"{steps} steps, {own.begin:g}..{own.end:g}"
        yield same(f"{label}: steps with poses", _posed_steps(own, steps), row["pose_pass_steps"])
        yield same(f"{label}: passes", own.count(steps), row["total_forwards"])


def bucket_sizes(golden: Golden) -> Iterator[Comparison]:
    """The size of a video, of pictures and settings."""
    config = golden.config
    for setting, area in config["areas"].items():
        yield same(f"pixels of {setting}", area_of(setting), area)
    made = []
    for row in config["rows"]:
        width, height = row["image_w_h"]
        pose = size_of(_POSE_SETTING, height, width)
        yield same(f"pose picture of {width}x{height}", [pose.height, pose.width], row["pose_picture_h_w"])
        for setting in config["areas"]:
            size = size_of(setting, height, width)
            made.append([size.height, size.width])
            yield same(f"{width}x{height} at {setting}", _listed(row[setting]), [*made[-1], *size.latent])
    yield golden.compare("sizes", torch.tensor(made), "outputs.table")


def _posed_steps(guidance: Guidance, steps: int) -> list[int]:
    return [at for at in range(steps) if Pass.OTHER_POSE in guidance.passes(at, steps)]


def _listed(sizes: dict[str, Any]) -> list[int]:
    return [sizes[name] for name in ("height", "width", "latent_h", "latent_w")]


SAMPLING: dict[str, Case] = {
    "scheduler_tables": scheduler_tables,
    "scheduler_steps": scheduler_steps,
    "cfg_combine": cfg_combine,
    "bucket_sizes": bucket_sizes,
}
