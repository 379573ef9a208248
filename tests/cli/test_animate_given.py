"""What users give ``greenroom animate``: files of every kind, and values out of all bounds. It is read, or named."""

from __future__ import annotations

import base64
import json
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.media.video.facts import read_facts
from greenroom.media.video.images import encoded_image, read_image, write_image
from tests.cli.conftest import Run
from tests.media.video.clips import CMYK, exif, video
from tests.media.video.test_orientation import as_jpeg
from tests.models.steadydancer.tiny import (
    TINY,
    driver_file,
    keypoint_frames,
    person,
    picture_file,
    skeleton,
    small_sizes,
)  # fmt: skip

FAST = ("--steps", 2, "--size", "832x480", *TINY)
# Where the person stands in pictures and videos of tests.
PLACE = [0, -32, 64, 96]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a picture and a driver."""
    small_sizes(monkeypatch)
    picture_file(tmp_path / "me.png")
    driver_file(tmp_path / "dance.mp4")
    return tmp_path


def looked(greenroom: Run, picture: str, driver: str, *more: object) -> dict[str, Any]:
    """The facts of a preview."""
    done = greenroom("animate", picture, driver, "--preview", "--json", *more, *TINY)
    assert done.returncode == 0, done.stdout
    result: dict[str, Any] = json.loads(done.stdout)["result"]
    return result


def refused(greenroom: Run, *arguments: object) -> dict[str, str]:
    """The error of a command, which is no fault of this program."""
    done = greenroom("animate", *arguments, "--json", *FAST)
    said = json.loads(done.stdout)
    assert not said["ok"], (arguments, said)
    error: dict[str, str] = said["error"]
    assert done.returncode in (1, 2)
    assert error["code"] not in ("failed", "unexpected"), (arguments, error)
    assert error["mend"], (arguments, error)
    return error


def turned_jpeg(path: Path) -> None:
    lying = np.rot90(person(0)).copy()
    path.write_bytes(as_jpeg(encoded_image(lying, "jpeg"), exif(6)))


def transparent_16_bits(path: Path) -> None:
    pixels = np.dstack([person(0), np.full((128, 128), 255, np.uint8)]).astype(np.uint16) * 257
    pixels[100:, :, 3] = 0
    write_image(path, pixels)


@pytest.mark.parametrize(
    ("name", "make", "place"),
    [
        ("turned.jpg", turned_jpeg, PLACE),
        ("deep.png", transparent_16_bits, PLACE),
        ("print.jpg", lambda path: path.write_bytes(base64.b64decode(CMYK)), [0, -16, 32, 48]),
        ("odd.png", lambda path: write_image(path, person(0, width=99, height=101)), [0, -25, 49, 74]),
        ("named.txt", lambda path: path.write_bytes(encoded_image(person(0), "png")), PLACE),
    ],
)
def test_pictures_of_every_kind(
    greenroom: Run, files: Path, name: str, make: Callable[[Path], Any], place: list[int]
) -> None:
    make(files / name)
    result = looked(greenroom, name, "dance.mp4")
    [found] = result["posed"]["people"]["picture"]
    assert found["box"] == pytest.approx(place, abs=8)
    assert (name == "deep.png") == any("is transparent in places" in note for note in result["notes"])


def turned(path: Path) -> None:
    lying = np.rot90(person(0), -1)
    video(path, frames=12, rate=Fraction(16), time_base=Fraction(1, 1600), size=(128, 128), draw=lambda _: lying,
          turn=(90.0, False, False))  # fmt: skip


def unsteady(path: Path) -> None:
    times = [0, 100, 150, 300, 420, 500, 640, 700, 800, 950, 1000, 1100]
    shown = person(0)
    video(path, times=times, rate=Fraction(16), time_base=Fraction(1, 1600), size=(128, 128), draw=lambda _: shown)


def odd_sides(path: Path) -> None:
    shown = person(0, width=127, height=129)
    video(path, frames=12, rate=Fraction(16), time_base=Fraction(1, 1600), size=(127, 129), pixel_format="yuv444p",
          draw=lambda _: shown)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "frames", "says"),
    [
        (turned, 9, "the driver lasts 0.75 s"),
        (unsteady, 9, "the driver lasts"),
        (odd_sides, 9, "the driver lasts 0.75 s"),
        (lambda path: driver_file(path, frames=120, rate=120), 13, "the driver has 120 frames a second, and the clip"),
    ],
)
def test_drivers_of_every_kind(
    greenroom: Run, files: Path, make: Callable[[Path], Any], frames: int, says: str
) -> None:
    make(files / "clip.mp4")
    result = looked(greenroom, "me.png", "clip.mp4")
    assert result["frames"] == frames
    [found] = result["posed"]["people"]["driver"]
    assert found["box"] == pytest.approx(PLACE, abs=8)
    assert any(says in note for note in result["notes"])


def test_a_folder_with_wrong_poses_beside_it_shows_skeletons(greenroom: Run, files: Path) -> None:
    (files / "drawn").mkdir()
    for number in range(5):
        write_image(files / "drawn" / f"{number:04d}.png", skeleton())
    done = greenroom("animate", "me.png", "drawn", "--preview", "--negative-skeletons", "drawn", *TINY)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    assert done.stdout == "preview.png  the first skeleton\n"


def test_files_that_are_something_else_or_broken(greenroom: Run, files: Path) -> None:
    with wave.open(str(files / "tone.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(32_000))
    whole = (files / "dance.mp4").read_bytes()
    (files / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (files / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(3000))
    (files / "cut.png").write_bytes((files / "me.png").read_bytes()[:200])
    (files / "empty").touch()
    (files / "folder").mkdir()
    write_image(files / "strip.png", np.zeros((4, 4000, 3), np.uint8))
    long = "y" * 300
    for picture, driver, code, says in (
        ("me.png", "tone.wav", "file-unreadable", "'tone.wav' is no video: it holds sound only"),
        ("tone.wav", "dance.mp4", "file-unreadable", "'tone.wav' is no video: it holds sound only"),
        ("dance.mp4", "dance.mp4", "input-invalid", "'dance.mp4' is a video, and the person comes from a picture"),
        ("me.png", "me.png", "input-invalid", "'me.png' is a picture, and movements come from a video"),
        ("me.png", "cut.mp4", "file-unreadable", "'cut.mp4' is cut off"),
        ("me.png", "noise.mp4", "file-unreadable", "'noise.mp4' is no video or picture that can be read"),
        ("me.png", "empty", "file-unreadable", "'empty' is empty"),
        ("empty", "dance.mp4", "file-unreadable", "'empty' is empty"),
        ("cut.png", "dance.mp4", "file-unreadable", "'cut.png' is a picture that does not decode"),
        ("folder", "dance.mp4", "file-unreadable", "'folder' is a folder"),
        ("strip.png", "dance.mp4", "input-invalid", "4000x4 is too narrow"),
        (f"{long}.png", "dance.mp4", "file-unreadable", "there is no file 'yyy"),
        ("me.png", f"{long}.mp4", "file-unreadable", "there is no file 'yyy"),
        ("me.png", f"{long}.json", "file-unreadable", "there is no file 'yyy"),
    ):  # fmt: skip
        error = refused(greenroom, picture, driver, "--preview")
        assert (error["code"], says in error["message"]) == (code, True), (picture, driver, error)
    assert not list(files.glob("preview*"))


def test_of_a_damaged_driver_its_whole_frames_are_taken(greenroom: Run, files: Path) -> None:
    data = bytearray(driver_file(files / "damaged.mp4", frames=40, size=(320, 240)).read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    (files / "damaged.mp4").write_bytes(data)
    error = refused(greenroom, "me.png", "damaged.mp4", "--preview")
    assert "'damaged.mp4' is damaged or cut off from frame" in error["message"]
    assert "frames that are whole" in error["mend"]
    assert looked(greenroom, "me.png", "damaged.mp4", "--frames", 5)["frames"] == 5


def test_keypoints_of_every_kind(greenroom: Run, files: Path) -> None:
    def keys(name: str, change: Callable[[dict[str, Any]], object]) -> str:
        told = json.loads(json.dumps(keypoint_frames(12)))
        change(told)
        (files / name).write_text(json.dumps(told))
        return name

    def person_of(told: dict[str, Any], frame: int) -> dict[str, Any]:
        found: dict[str, Any] = told["frames"][frame]["people"][0]
        return found

    # Beyond the picture, and of less than no confidence: there, and not there.
    outside = keys("outside.json", lambda told: person_of(told, 3)["keypoints"].__setitem__(5, [-30, -20]))
    unsure = keys("unsure.json", lambda told: person_of(told, 3)["keypoint_scores"].__setitem__(5, -3))
    for name in (outside, unsure):
        assert looked(greenroom, "me.png", name)["frames"] == 9
    (files / "letters.json").write_bytes(b"\xff\xfe\0")
    for name, code, says in (
        (
            keys("nan.json", lambda told: person_of(told, 3)["keypoints"].__setitem__(5, [float("nan"), 0])),
            "poses-unreadable",
            "'nan.json' is no JSON: NaN is no number",
        ),
        ("letters.json", "poses-unreadable", "'letters.json' is no JSON: its letters are not UTF-8"),
        (
            keys("nobody.json", lambda told: [frame.update(people=[]) for frame in told["frames"]]),
            "nobody-found",
            "there is no person in any of the driver's 9 frames",
        ),
        (
            keys("late.json", lambda told: told["frames"][0].update(people=[])),
            "nobody-found",
            "there is no person in frame 0 of the driver; the first is seen in frame 1",
        ),
        (
            keys("few.json", lambda told: told.update(frames=told["frames"][:3])),
            "driver-too-short",
            "the driver lasts 0.19 s",
        ),
    ):
        error = refused(greenroom, "me.png", name, "--preview")
        assert (error["code"], says in error["message"]) == (code, True), (name, error)
    error = refused(greenroom, "me.png", "dance.mp4", "--preview", "--keypoints", "few.json")
    assert "keypoints have 3 frames, and 'dance.mp4' has 12" in error["message"]


@pytest.mark.parametrize(
    ("flags", "says", "mend"),
    [
        (("--frames", 82), "frames is 82", "5 to 961"),
        (("--frames", 1), "frames is 1", "5 to 961"),
        (("--frames", 965), "frames is 965", "5 to 961"),
        (("--steps", 0), "steps is 0", "1 to 200"),
        (("--guidance", -1), "guidance is -1.0", "0 to 30"),
        (("--guidance", "nan"), "guidance is nan: input should be a finite number", "0 to 30"),
        (("--pose-guidance", "inf"), "pose_guidance is inf", "0 to 30"),
        (("--pose-guidance-start", 0.9, "--pose-guidance-end", 0.1), "it lies before pose_guidance_start", "0 to 1"),
        (("--shift", 0), "shift is 0.0", "more than 0"),
        (("--start", -1), "start is -1.0", "0 to 86400 s"),
        (("--start", 5), "is to begin at 5.00 s, and the driver ends at 0.75 s", "start it earlier"),
        (("--seed", -1), "seed is -1", "0 to 2147483647"),
        (("--person", 5), "person 5 is chosen, and frame 0 of the driver has 1 person", "1 at 0,-32,64,96"),
        (("--person", "900,900,950,950"), "is in the box 900, 900, 950, 950", "1 at 0,-32,64,96"),
        (("--person", "50,50,10,10"), "person is '50,50,10,10': the box has no area", "left,top,right,bottom"),
        (("--picture-person", 0), "picture_person is '0'", "a number such as 2"),
        (("--align-frame", 81), "align_frame is 81", "0 to 80"),
        (("--shows", "skeletons"), "'dance.mp4' shows no skeletons on black", "give it as the driving video"),
        (("--negative-skeletons", "dance.mp4"), "negative_video is given, and the video shows a person", "leave"),
        (("--keypoints", "gone.json"), "'gone.json' cannot be read", "check the path"),
        (("--lora", "me.png:nan"), "the strength of 'me.png' is nan", "give a number"),
        (("--lora", "y" * 300), "the LoRA file 'yyy", "check the path"),
        (("--device", "cuda:7"), "there is no device 'cuda:7'", "choose one of them"),
        (("--model", "seedvr2-3b"), "'seedvr2-3b' moves no person in a picture", "steadydancer-14b"),
        (("-o", "me.png/out.mp4"), "lies under something that is not a folder", "choose another -o"),
        (("-o", f"{'y' * 300}.mp4"), "yyy", "-o"),
        (("-o", "out.tar.gz"), "'out.tar.gz' has an ending that cannot be written", "name it .mp4"),
        (("-o", "/dev/null"), "'/dev/null' is a device or a pipe", "name a file"),
    ],
)
def test_values_out_of_bounds(greenroom: Run, files: Path, flags: tuple[object, ...], says: str, mend: str) -> None:
    arguments = ("me.png", "dance.mp4", "a person dances")
    done = greenroom("animate", *arguments, *FAST, *flags, "--json")
    error = json.loads(done.stdout)["error"]
    assert says in error["message"], error
    assert mend in error["mend"], error
    assert not error["mend"].startswith("this is a fault")
    assert sorted(path.name for path in files.iterdir()) == ["dance.mp4", "me.png"]


def drawn_file(path: Path, drawn: NDArray[np.uint8]) -> None:
    height, width = drawn.shape[:2]
    video(path, frames=9, rate=Fraction(16), time_base=Fraction(1, 1600), size=(width, height), draw=lambda _: drawn)


def test_drawn_skeletons_in_colours_the_wrong_way_round(greenroom: Run, files: Path) -> None:
    drawn_file(files / "ours.mp4", skeleton())
    drawn_file(files / "theirs.mp4", np.ascontiguousarray(skeleton()[..., ::-1]))
    asked = ("me.png", "theirs.mp4", "--preview", "--shows", "skeletons")
    error = refused(greenroom, *asked)
    assert error["code"] == "skeleton-colours-reversed"
    assert "'theirs.mp4' has the limb to the right shoulder red" in error["message"]
    pictures = []
    for name, more in (("theirs.mp4", ("--skeleton-colours", "reversed")), ("ours.mp4", ())):
        result = looked(greenroom, "me.png", name, "--shows", "skeletons", *more)
        pictures.append(read_image(files / result["pictures"][0]).astype(int))
        assert [one["code"] for one in result["findings"]] == ["negative-skeletons-missing"]
    assert np.abs(pictures[0] - pictures[1]).mean() < 2


def test_a_preview_replaces_nothing_that_it_is_made_from(greenroom: Run, files: Path) -> None:
    for name in ("preview-frames.png", "preview-people.png", "preview.png"):
        picture_file(files / name)
        before = (files / name).read_bytes()
        error = refused(greenroom, name, "dance.mp4", "--preview")
        assert f"'{name}' is what it is made from" in error["message"]
        assert (files / name).read_bytes() == before
        (files / name).unlink()


def test_a_folder_that_is_not_there_is_made(greenroom: Run, files: Path) -> None:
    done = greenroom("animate", "me.png", "dance.mp4", "a person dances", "-o", "new/deep/out.mp4", *FAST)
    assert done.returncode == 0, done.stderr
    assert read_facts(files / "new" / "deep" / "out.mp4").frames == 9


def test_no_words_and_too_many_are_told_of(greenroom: Run) -> None:
    for words, says in (
        ("", "the prompt is empty: nothing says how the face looks"),
        ("dance " * 1600, "the prompt has 1,600 words, of which the first"),
    ):
        done = greenroom("animate", "me.png", "dance.mp4", words, "--json", *FAST)
        notes = json.loads(done.stdout)["result"]["notes"]
        assert [says in note for note in notes].count(True) == 1, notes
    assert refused(greenroom, "me.png", "dance.mp4", "x" * 10_001)["message"] == "prompt has 10,001 characters"
