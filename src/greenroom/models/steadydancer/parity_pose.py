"""Golden cases of poses: networks' input and output, mapping, alignment, negatives and drawing; see ``golden``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from random import Random
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from torch import Tensor

from greenroom.models.golden import Tolerance, close, same
from greenroom.models.steadydancer.pose import detector, keypoints
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.drawing import drawn, pictures
from greenroom.models.steadydancer.pose.negative import negative
from greenroom.models.steadydancer.pose.pictures import fitted_size, for_detection
from greenroom.models.steadydancer.pose.poses import Poses, Skeletons, with_neck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.golden import Case, Comparison, Golden

_SHRUNK = 16  # as much smaller are the pictures of the case than those that are drawn


def detection(golden: Golden) -> Iterator[Comparison]:
    """Pictures in their squares, and boxes from the network's raw answer."""
    side = golden.config["input"]
    scales = []
    for number in (0, 1):
        square, scale = detector.letterboxed(_array(golden, f"inputs.image{number}"), side)
        yield golden.compare(f"square {number}", torch.from_numpy(square), f"outputs.letterbox{number}")
        yield golden.compare(f"scale {number}", torch.tensor(scale), f"outputs.scale_w_h{number}")
        scales.append(scale)
    raw = []
    for level in range(len(golden.config["strides"])):
        boxes, there, classes = (golden.tensor(f"inputs.{part}{level}") for part in ("reg", "obj", "cls"))
        raw.append(torch.cat([boxes, there.sigmoid(), classes.sigmoid()], 1).flatten(2)[0].T)
    found = detector.decoded(torch.cat(raw).numpy(), side, scales[0])
    yield golden.compare("boxes", torch.from_numpy(found.boxes), "outputs.boxes")
    yield golden.compare("scores", torch.from_numpy(found.scores), "outputs.scores")
    yield golden.compare("classes", torch.from_numpy(found.classes), "outputs.labels")
    # Where scores are equal, the original leaves the order to chance.
    people = found.people(golden.config["person_score"])[0]
    ours, theirs = (torch.tensor(sorted(boxes.tolist())) for boxes in (people, golden.tensor("outputs.people")))
    yield close("people", ours, theirs, golden.tolerance)


def crop(golden: Golden) -> Iterator[Comparison]:
    """Boxes to the network's input."""
    width, height = golden.config["input_w_h"]
    picture = _array(golden, "inputs.image")
    for number in (0, 1):
        made = keypoints.cropped(picture, _array(golden, f"inputs.bbox{number}"), width, height)
        values = {"center": made.centre, "scale": made.size, "crop": made.pixels, "net_input": made.prepared()}
        for name, value in values.items():
            key = f"outputs.{name}{number}"
            # Grey levels may be off by some, which whole numbers may not.
            ours, theirs = torch.from_numpy(np.ascontiguousarray(value)).float(), golden.tensor(key).float()
            yield close(key, ours, theirs, _tolerance(golden, key))


def simcc(golden: Golden) -> Iterator[Comparison]:
    """The network's answer to points in the picture."""
    yield same("mirror", keypoints.MIRROR.tolist(), golden.tensor("inputs.flip_indices").tolist())
    straight, mirrored = (
        (_array(golden, f"inputs.simcc_x{which}"), _array(golden, f"inputs.simcc_y{which}"))
        for which in ("", "_mirrored")
    )
    points, scores = keypoints.decoded(*keypoints.unmirrored(straight, mirrored))
    yield golden.compare("points in the crop", torch.from_numpy(points), "outputs.keypoints_input_px")
    yield golden.compare("scores", torch.from_numpy(scores), "outputs.scores")
    width, height = golden.config["input_w_h"]
    taken = keypoints.Crop(
        np.zeros((height, width, 3), np.uint8), _array(golden, "inputs.center"), _array(golden, "inputs.scale")
    )
    yield golden.compare("points", torch.from_numpy(taken.in_picture(points)), "outputs.keypoints_image_px")


def mapping(golden: Golden) -> Iterator[Comparison]:
    """133 points to 134, and what of them is shown, for two people in the original's arrays."""
    # The original swaps a picture that was read as BGR; ours is RGB from the beginning.
    picture = np.ascontiguousarray(_array(golden, "inputs.image_rgb_or_bgr")[..., ::-1])
    made = for_detection(picture, golden.config["detect_resolution"])
    yield golden.compare("picture", torch.from_numpy(made), "outputs.image_to_estimator")
    boxes, scores, classes = (_array(golden, f"inputs.det_{part}") for part in ("boxes", "scores", "labels"))
    found = detector.Detections(boxes, scores, classes).people(golden.config["det_threshold"])[0]
    yield golden.compare("people", torch.from_numpy(found), "outputs.boxes_for_pose")

    points, sure = with_neck(_array(golden, "inputs.keypoints133"), _array(golden, "inputs.scores133"))
    yield golden.compare("points", torch.from_numpy(points), "outputs.keypoints134")
    yield golden.compare("scores", torch.from_numpy(sure), "outputs.scores134")
    height, width = golden.config["resized_h_w"]
    shown = _poses(points, sure, width, height).skeletons
    people = golden.config["people"]
    joints = torch.arange(shown.shown.size).view(people, -1)
    subset = torch.where(torch.from_numpy(shown.shown), joints, -1)
    yield golden.compare("body", torch.from_numpy(shown.body).flatten(0, 1), "outputs.candidate")
    yield golden.compare("joints", subset.float(), "outputs.subset")
    yield golden.compare("hands", torch.from_numpy(shown.hands).transpose(0, 1).flatten(0, 1), "outputs.hands")
    yield golden.compare("faces", torch.from_numpy(shown.faces), "outputs.faces")


def alignment(golden: Golden) -> Iterator[Comparison]:
    """Points of a picture and of frames to the pictures that are drawn of them."""
    config = golden.config
    side = config["detect_resolution"]
    height, width = config["reference_h_w"]
    bucket = fitted_size(width, height)
    yield same("fitted size", [*reversed(bucket)], config["bucket_h_w"])
    reference = _detected(golden, "ref", bucket, side, bucket)
    height, width = config["video_h_w"]
    made = aligned(reference, _detected(golden, "frame", (width, height), side, (width, height)))
    names = [f"scale_{name.replace(' ', '_')}" for name, _ in made.ratios.items()]
    theirs = [name.replace("body_len", "body_length") for name in config["scale_names"]]
    yield same("ratios", names, theirs)
    yield golden.compare("ratios", torch.tensor([ratio for _, ratio in made.ratios.items()]), "outputs.scales")
    joints = torch.where(torch.from_numpy(made.skeletons.shown), torch.arange(18), -1)
    yield golden.compare("body", torch.from_numpy(made.skeletons.body), "outputs.body")
    yield golden.compare("joints", joints[:, None].float(), "outputs.subset")
    yield golden.compare("hands", torch.from_numpy(made.skeletons.hands), "outputs.hands")
    shrunk = []
    for picture in pictures(made):
        tall, wide = picture.shape[:2]
        yield same("size", [tall, wide], config["pose_video_h_w"])
        small: Any = cv2.resize(picture, (wide // _SHRUNK, tall // _SHRUNK), interpolation=cv2.INTER_AREA)
        shrunk.append(torch.from_numpy(small))
    yield golden.compare("pictures", torch.stack(shrunk), "outputs.frames_16th")


def negatives(golden: Golden) -> Iterator[Comparison]:
    """Frames stretched by chance."""
    body, hands, faces = (_array(golden, f"inputs.{part}") for part in ("body", "hands", "faces"))
    seed = golden.config["python_random_seed"]
    chance, ranges = Random(seed), golden.config["ranges"]  # noqa: S311 - the original's own generator
    draws = [[chance.uniform(*span) for span in ranges.values()] for _ in range(golden.config["frames"])]
    yield golden.compare("draws", torch.tensor(draws), "inputs.draws")
    made = negative(Skeletons(body, np.ones(body.shape[:2], np.bool_), hands, faces[:, 0]), seed)
    yield golden.compare("body", torch.from_numpy(made.body), "outputs.body_negative")
    yield golden.compare("hands", torch.from_numpy(made.hands), "outputs.hands_negative")
    yield golden.compare("faces", torch.from_numpy(made.faces)[:, None], "outputs.faces_negative")


def drawing(golden: Golden) -> Iterator[Comparison]:
    """Pictures of skeletons, to the byte."""
    for name in ("full", "partial"):
        body, joints, hands = (_array(golden, f"inputs.{name}_{part}") for part in ("candidate", "subset", "hands"))
        skeleton = Skeletons(body[None], joints >= 0, hands[None], np.full((1, 68, 2), -1, np.float32))
        made = drawn(skeleton, 0, golden.config["width"], golden.config["height"])
        yield golden.compare(name, torch.from_numpy(made), f"outputs.{name}_rgb")


def _detected(golden: Golden, name: str, size: tuple[int, int], side: int, own: tuple[int, int]) -> Poses:
    """Points of a case, which count in pixels of the picture in which they were looked for."""
    tall, wide = for_detection(np.zeros((size[1], size[0], 3), np.uint8), side).shape[:2]
    points, scores = _array(golden, f"inputs.{name}_keypoints"), _array(golden, f"inputs.{name}_scores")
    return Poses((points / np.asarray([wide, tall])).astype(np.float32), scores, *own)


def _poses(points: Any, scores: Any, width: int, height: int) -> Poses:
    return Poses((points / np.asarray([width, height])).astype(np.float32), scores, width, height)


def _array(golden: Golden, key: str) -> Any:
    tensor: Tensor = golden.tensor(key)
    return tensor.numpy()


def _tolerance(golden: Golden, key: str) -> Tolerance:
    """The case's own for one tensor, where it has one."""
    own = [allowed for pattern, allowed in golden["tolerances"].items() if fnmatchcase(key, pattern)]
    return Tolerance(float(own[0])) if own else golden.tolerance


POSE: dict[str, Case] = {
    "detector": detection,
    "pose_align": alignment,
    "pose_crop": crop,
    "pose_draw": drawing,
    "pose_negative": negatives,
    "simcc_decode": simcc,
    "wholebody_map": mapping,
}
