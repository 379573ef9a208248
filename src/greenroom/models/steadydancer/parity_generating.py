"""The golden case of the whole way: a picture and poses, through all parts, to a video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from greenroom.models.golden import same
from greenroom.models.steadydancer.architecture import MASK
from greenroom.models.steadydancer.conditions.building import poses_of, reference_of
from greenroom.models.steadydancer.conditions.sizes import size_within
from greenroom.models.steadydancer.dancer.fixed import Conditions, fix, velocity
from greenroom.models.steadydancer.parity_dancer import dancer_of
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.sampler import passes, sample
from greenroom.models.steadydancer.sampling.schedule import Schedule
from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.models.steadydancer.vae.vae import WanVae

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from greenroom.models.golden import Case, Comparison, Golden
    from greenroom.models.steadydancer.conditions.building import Reference
    from greenroom.models.steadydancer.sampling.standing import Standing

_SHOWN = {"step0_cond": (0, Pass.CONDITIONAL), "step0_uncond_text": (0, Pass.UNCONDITIONAL)} | {
    f"step2_{name}": (2, which)
    for name, which in (
        ("cond", Pass.CONDITIONAL),
        ("uncond_text", Pass.UNCONDITIONAL),
        ("uncond_pose", Pass.OTHER_POSE),
    )
}
"""The passes whose answers a case has: the step, and which."""


def generate(golden: Golden) -> Iterator[Comparison]:
    """Conditions of a picture and poses, each step of the sampler, and frames of the video."""
    vae = WanVae.of(golden.weights("vae."), WanVaeConfig(width=golden.config["vae_dim"]))
    reference, pose, negative = _encoded(golden, vae)
    yield from _conditions(golden, reference, pose, negative)
    schedule = Schedule.of(golden.config["solver"], golden.config["steps"], golden.config["shift"])
    yield golden.compare("times", torch.tensor(schedule.times).float(), "outputs.timesteps")
    given = Conditions(
        text=golden.tensor("inputs.context"),
        negative=golden.tensor("inputs.context_neg"),
        image=golden.tensor("inputs.clip_fea_x")[0],
        pose_image=golden.tensor("inputs.clip_fea_c")[0],
        y=reference.y,
        ref_x=reference.ref_x,
        ref_c=pose[:, :1],
        pose=pose,
        negative_pose=negative,
    )
    latents = yield from _steps(golden, given, schedule)
    video = vae.decode(latents)[:, golden.config["video_frame_index"]]
    yield golden.compare("video", video, "outputs.video_frames")


def _encoded(golden: Golden, vae: WanVae) -> tuple[Reference, Tensor, Tensor]:
    """Latents of the picture, of the poses, and of the negative ones."""
    config, picture = golden.config, golden.tensor("inputs.image_u8")
    height, width = picture.shape[:2]
    size = size_within(config["max_area"], height, width)

    def latents(name: str) -> Tensor:
        shown = _enlarged(golden.tensor(f"inputs.{name}"), *config["pose_frame_w_h"])
        return poses_of(shown, (height, width), size, vae.encode)

    reference = reference_of(picture, config["frames"], size, vae.encode)
    return reference, latents("pose_pos_u8_4x4"), latents("pose_neg_u8_4x4")


def _conditions(golden: Golden, reference: Reference, pose: Tensor, negative: Tensor) -> Iterator[Comparison]:
    yield same("size of the latents", list(pose.shape[1:]), golden.config["latent_t_h_w"])
    yield golden.compare("y", reference.y, "outputs.y")
    # As the network makes them of the latents: see ``Conditions``.
    ones = torch.ones_like(reference.ref_x[:MASK])
    first = pose[:, :1]
    yield golden.compare("ref_x", torch.cat([reference.ref_x, ones, reference.ref_x]), "outputs.ref_x")
    yield golden.compare("ref_c", torch.cat([first, 0 * ones, first]), "outputs.ref_c")
    yield golden.compare("poses", pose, "outputs.condition")
    yield golden.compare("negative poses", negative, "outputs.condition_neg")


def _steps(golden: Golden, given: Conditions, schedule: Schedule) -> Generator[Comparison, None, Tensor]:
    """The sampler's steps. Returns where they end."""
    config = golden.config
    guidance = Guidance(
        config["guide_scale"], config["condition_guide_scale"], config["st_cond_cfg"], config["end_cond_cfg"]
    )
    posed = [at for at in range(schedule.steps) if Pass.OTHER_POSE in guidance.passes(at, schedule.steps)]
    yield same("steps with poses", posed, config["steps_with_pose_pass"])
    yield same("passes", passes(schedule, guidance), config["model_calls"])
    network = dancer_of(golden, config["dit"], "dit.")
    fixed = fix(network, given)
    answers: list[dict[Pass, Tensor]] = []
    stood: list[Tensor] = []

    def asked(latents: Tensor, time: int, which: Pass) -> Tensor:
        if which is Pass.CONDITIONAL:
            answers.append({})
        answers[-1][which] = velocity(network, fixed, latents, time, which)
        return answers[-1][which]

    def save(standing: Standing) -> None:
        stood.append(standing.of("solver")["latents"])

    latents = sample(asked, golden.tensor("inputs.noise"), schedule, guidance, save=save).latents
    for name, (at, which) in _SHOWN.items():
        yield golden.compare(name, answers[at][which], f"outputs.{name}")
    yield golden.compare("velocities", torch.stack([guidance.guided(one) for one in answers]), "outputs.cfg_velocity")
    yield golden.compare("latents", torch.stack(stood), "outputs.latents")
    return latents


def _enlarged(pictures: Tensor, width: int, height: int) -> list[Tensor]:
    """By the nearest pixel."""
    down = torch.arange(height) * pictures.shape[1] // height
    across = torch.arange(width) * pictures.shape[2] // width
    return list(pictures[:, down][:, :, across])


GENERATING: dict[str, Case] = {"generate": generate}
