"""What the network is shown of a picture and of poses."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.conditions.building import given, posed, poses_of, reference_of
from greenroom.models.steadydancer.conditions.pictures import brought_to, pixels
from greenroom.models.steadydancer.conditions.sizes import Size

SIZE = Size(16, 32)


def picture(seed: int, height: int = 24, width: int = 44) -> Tensor:
    return torch.randint(0, 256, (height, width, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


class Encoder:
    """Means of what each latent sees, in its first three channels; notes what it was given."""

    def __init__(self) -> None:
        self.given: list[Tensor] = []

    def __call__(self, video: Tensor) -> Tensor:
        self.given.append(video)
        frames = (video[:, :1], *torch.split(video[:, 1:], 4, 1))
        small = [torch.nn.functional.avg_pool2d(one.mean(1), 8) for one in frames]
        return torch.cat([torch.stack(small, 1), torch.zeros(13, len(small), 2, 4)])


@pytest.mark.parametrize("pictures", [5, 13, 81])
def test_masks_are_a_folded_video(pictures: int) -> None:
    """One number for each picture, the first four times, four to a latent."""
    known = torch.zeros(pictures)
    known[0] = 1
    folded = torch.cat([known[:1].repeat(3), known]).view(-1, 4).t()
    masks = given(folded.shape[1], SIZE, torch.zeros(()))
    assert masks.shape == (4, (pictures - 1) // 4 + 1, 2, 4)
    assert torch.equal(masks, folded[:, :, None, None].expand_as(masks))


def test_a_reference_is_the_picture_and_grey() -> None:
    encoder, shown = Encoder(), picture(0)
    reference = reference_of(shown, 13, SIZE, encoder)
    [video] = encoder.given
    assert video.shape == (3, 13, 16, 32)
    assert torch.equal(video[:, 0], brought_to(pixels(shown), SIZE))
    assert not video[:, 1:].any()
    assert reference.y.shape == (20, 4, 2, 4)
    assert torch.equal(reference.y[:4], given(4, SIZE, video))
    assert torch.equal(reference.y[4:], Encoder()(video))
    assert torch.equal(reference.ref_x, reference.y[4:, :1])


def test_poses_go_through_the_size_of_the_picture() -> None:
    encoder, poses = Encoder(), [picture(seed, 16, 28) for seed in range(9)]
    made = poses_of(poses, (24, 44), SIZE, encoder)
    [video] = encoder.given
    assert made.shape == (16, 3, 2, 4)
    for place, pose in enumerate(poses):
        assert torch.equal(video[:, place], posed(pose, (24, 44), SIZE))
        assert not torch.allclose(video[:, place], brought_to(pixels(pose), SIZE), atol=1e-3)


def test_poses_are_made_as_they_are_asked_for() -> None:
    asked: list[int] = []

    class Drawn(list[Tensor]):
        def __getitem__(self, place: int) -> Tensor:  # type: ignore[override]  # no slices are asked for
            asked.append(place)
            return picture(place)

    poses_of(Drawn([torch.empty(0)] * 5), (24, 44), SIZE, Encoder())
    assert asked == [0, 1, 2, 3, 4]


def test_other_counts_are_refused() -> None:
    with pytest.raises(InputInvalid):
        poses_of([picture(0)] * 6, (24, 44), SIZE, Encoder())
    with pytest.raises(InputInvalid):
        poses_of([], (24, 44), SIZE, Encoder())
    with pytest.raises(InputInvalid):
        reference_of(picture(0), 80, SIZE, Encoder())
