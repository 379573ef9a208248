"""A job that was given a picture and a clip, and made a clip of them, as a world of the page has it."""

from __future__ import annotations

from tests.serve.page.media import clip, picture
from tests.serve.page.world import World

FOUND = {"severity": "warning", "message": "frame 0 has 2 people", "mend": "choose one", "code": "several-people"}


def given(world: World, frames: int = 24) -> dict[str, str]:
    """Its inputs."""
    world.made["upload_0"] = (picture(), "image/png")
    world.made["upload_1"] = (clip(sharp=False, frames=frames + 12), "video/webm")
    return {"picture": "upload_0", "video": "upload_1", "prompt": "a person dances"}


def moved(world: World, start: float = 0.0, frames: int = 24) -> str:
    """It has ended; gives its id. start: of the result, in the clip that was given.  frames: 12 a second."""
    job = world.add("restore", {**given(world, frames), "start": start}, status="running")
    world.keep(job, "clip.webm", clip(192, frames=frames), "video/webm")
    world.keep(job, "preview.png", picture(), "image/png", among="previews")
    world.keep(job, "preview.png", picture(), "image/png")
    world.end(job, "succeeded", output={"frames": frames, "seed": 5, "findings": [FOUND], "people": {"driver": []}})
    return str(job["id"])
