"""The declarations of inputs: defaults are the published ones, bounds hold, errors name the mend."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import Any, get_args

import jsonschema
import pytest

from greenroom.errors import InputInvalid, UnknownName
from greenroom.inputs import fields
from greenroom.recipes.inputs import declaration
from greenroom.recipes.inputs.foley import FoleyInputs
from greenroom.recipes.inputs.steadydancer import NEGATIVE_PROMPT
from greenroom.recipes.recipe import Family

SPEECH = {"text": "Hello.", "reference": "me.wav", "reference_text": "I am here."}
SOUND = {"video": "clip.mp4", "prompt": "rain on a tin roof"}
RESTORED = {"source": "clip.mp4"}
DANCE = {"picture": "me.png", "video": "dance.mp4", "prompt": "a person dances"}


@pytest.mark.parametrize("family", get_args(Family))
def test_every_family_has_a_declaration_with_help_for_each_input(family: str) -> None:
    declared = fields(declaration(family))
    assert declared
    for field in declared:
        assert field.help.endswith("."), field.name
        assert field.help[0].isupper() or field.help[0].isdigit() or field.help[0] == "-", field.name


@pytest.mark.parametrize(
    ("family", "given", "defaults"),
    [
        (
            "f5tts",
            SPEECH,
            {"steps": 32, "guidance": 2.0, "sway": -1.0, "speed": 1.0, "cross_fade": 0.15, "remove_silence": False},
        ),
        ("foley", SOUND, {"steps": 50, "guidance": 4.5, "negative_prompt": "noisy, harsh", "samples": 1, "seed": 1}),
        ("seedvr2", RESTORED, {"seed": 666, "colour": "wavelet", "overlap": 0, "window": None}),
        (
            "steadydancer",
            DANCE,
            {
                "size": "1024x576",
                "frames": 81,
                "steps": 40,
                "solver": "unipc",
                "guidance": 5.0,
                "pose_guidance": 1.0,
                "pose_guidance_start": 0.1,
                "pose_guidance_end": 0.4,
            },
        ),
    ],
)
def test_defaults_are_those_of_the_original(family: str, given: dict[str, Any], defaults: dict[str, Any]) -> None:
    checked = declaration(family).check(given).model_dump()
    assert {name: checked[name] for name in defaults} == defaults


def test_the_negative_prompt_is_the_published_one_to_the_letter() -> None:
    assert len(NEGATIVE_PROMPT) == 142
    assert (
        hashlib.sha256(NEGATIVE_PROMPT.encode()).hexdigest()
        == "412753d092bcf3708424769cd0f54e27973d53a12e229e5492b718457213fc2f"
    )


@pytest.mark.parametrize(
    ("family", "given", "name", "value"),
    [
        ("f5tts", SPEECH, "text", ""),
        ("f5tts", SPEECH, "reference_text", ""),
        ("f5tts", SPEECH, "steps", 3),
        ("f5tts", SPEECH, "steps", 65),
        ("f5tts", SPEECH, "speed", 0.29),
        ("f5tts", SPEECH, "speed", 2.01),
        ("f5tts", SPEECH, "sway", -1.1),
        ("f5tts", SPEECH, "sway", 1.76),
        ("f5tts", SPEECH, "duration", 0),
        ("f5tts", SPEECH, "seed", -1),
        ("foley", SOUND, "steps", 101),
        ("foley", SOUND, "guidance", 0.9),
        ("foley", SOUND, "guidance", 10.1),
        ("foley", SOUND, "samples", 7),
        ("seedvr2", RESTORED, "height", 15),
        ("seedvr2", RESTORED, "height", 16_385),
        ("seedvr2", RESTORED, "scale", 0),
        ("seedvr2", RESTORED, "scale", 1e308),
        ("seedvr2", RESTORED, "fps", 0.0004),
        ("seedvr2", RESTORED, "fps", 1e9),
        ("seedvr2", RESTORED, "colour", "sepia"),
        ("seedvr2", RESTORED, "window", 20),
        ("seedvr2", RESTORED, "overlap", 17),
        ("steadydancer", DANCE, "frames", 80),
        ("steadydancer", DANCE, "frames", 1),
        ("steadydancer", DANCE, "frames", 965),
        ("steadydancer", DANCE, "size", "640x640"),
        ("steadydancer", DANCE, "noise", "tpu"),
        ("steadydancer", DANCE, "caching", 1.1),
        ("steadydancer", DANCE, "steps", 0),
        ("steadydancer", DANCE, "start", -1),
        ("steadydancer", DANCE, "shift", 0),
        ("steadydancer", DANCE, "pose_guidance_end", 0.05),
        ("steadydancer", DANCE, "solver", "euler"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(family: str, given: dict[str, Any], name: str, value: object) -> None:
    with pytest.raises(InputInvalid) as caught:
        declaration(family).check({**given, name: value})
    assert caught.value.message.startswith(f"{name} is ")
    assert name in caught.value.mend


@pytest.mark.parametrize(
    ("family", "given"),
    [
        (
            "f5tts",
            {**SPEECH, "steps": 4, "speed": 0.3, "sway": 1.75, "guidance": 0, "cross_fade": 0, "seed": 2**31 - 1},
        ),
        ("foley", {**SOUND, "prompt": "", "negative_prompt": "", "steps": 10, "guidance": 1, "samples": 6}),
        ("seedvr2", {**RESTORED, "height": 720, "window": 5, "overlap": 2}),
        ("seedvr2", {**RESTORED, "scale": 1.5, "window": 1, "fps": 0.01}),
        ("steadydancer", {**DANCE, "frames": 297, "shift": 3.0, "pose_guidance_start": 0.4, "pose_seed": 0}),
        ("steadydancer", {**DANCE, "frames": 5, "size": "832x480", "solver": "dpm++"}),
        ("steadydancer", {**DANCE, "frames": 961, "size": "1024x1024", "noise": "gpu", "caching": 1, "person": "2"}),
        ("steadydancer", {"picture": "me.png", "keypoints": "{}", "prompt": "", "preview": True}),
    ],
)
def test_the_bounds_themselves_are_allowed(family: str, given: dict[str, Any]) -> None:
    declared = declaration(family)
    checked = declared.check(given)
    assert given.items() <= checked.model_dump().items()
    jsonschema.validate(given, declared.model_json_schema())


def test_a_frame_count_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputInvalid, match=r"frames is 80: the frames must be .* the nearest are 77 and 81"):
        declaration("steadydancer").check({**DANCE, "frames": 80})


def test_a_height_and_a_scale_are_one_too_many() -> None:
    with pytest.raises(InputInvalid, match=r"scale is 2\.0: height is given too, and one of them is enough"):
        declaration("seedvr2").check({**RESTORED, "height": 720, "scale": 2.0})


def test_an_overlap_is_half_its_window_at_most() -> None:
    with pytest.raises(InputInvalid, match="overlap is 3: a window of 5 frames overlaps by at most 2"):
        declaration("seedvr2").check({**RESTORED, "window": 5, "overlap": 3})


@pytest.mark.parametrize(
    ("family", "kinds"),
    [
        ("f5tts", {"reference": "audio"}),
        ("foley", {"video": "video-or-image"}),
        ("seedvr2", {"source": "video-or-image"}),
        ("steadydancer", {"picture": "image", "video": "video", "negative_video": "video"}),
        ("voice", {}),
    ],
)
def test_media_files_are_marked_with_their_kind(family: str, kinds: dict[str, str]) -> None:
    assert {field.name: field.media for field in fields(declaration(family)) if field.media} == kinds


def test_an_unknown_family_is_answered_with_the_likeliest() -> None:
    with pytest.raises(UnknownName, match="there is no family 'f5-tts'") as caught:
        declaration("f5-tts")
    assert caught.value.mend.startswith("did you mean f5tts?")


def test_a_declaration_imports_no_other_and_finding_it_imports_nothing() -> None:
    code = (
        "import sys; from greenroom.recipes.inputs import declaration; before = 'pydantic' in sys.modules;"
        "declaration('foley'); print(before, [name for name in sys.modules if name.endswith(('seedvr2', 'f5tts'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False []"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "prompt is empty, and there is no video"),
        ({"prompt": " \n"}, "prompt is empty, and there is no video"),
        ({"prompt": "rain", "shot_prompts": "a\nb"}, "shot_prompts is given, and there is no video"),
        ({"prompt": "rain", "exact": False}, "exact is off, and there is no video"),
        ({**SOUND, "shot_prompts": "a", "exact": False}, "shot_prompts is given, and exact is off"),
    ],
)
def test_sound_of_nothing_is_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InputInvalid, match=words) as caught:
        declaration("foley").check(asked)
    assert caught.value.mend


def test_an_empty_line_keeps_the_prompt_in_its_shot() -> None:
    asked = FoleyInputs.check({**SOUND, "shot_prompts": "a door\n\n steps \n"})
    heard = "rain on a tin roof"
    assert asked.prompts_of_shots == ("a door", heard, "steps")
    for lines, prompts in (
        ("a door\r\n\r\n", ("a door", heard)),
        ("a\n", ("a",)),
        ("\n\n", (heard, heard)),
        ("\n", (heard,)),
    ):
        assert FoleyInputs.check({**SOUND, "shot_prompts": lines}).prompts_of_shots == prompts
    assert FoleyInputs.check(SOUND).prompts_of_shots == ()


@pytest.mark.parametrize(
    ("given", "pixels"),
    [({}, 1280 * 720), ({"height": 1440}, 2560 * 1440), ({"scale": 0.5}, 640 * 360), ({"height": 17}, 514)],
)
def test_the_size_of_a_result_follows_from_that_of_its_source(given: dict[str, Any], pixels: int) -> None:
    """Of which a server has a limit, before anything is begun."""
    asked = declaration("seedvr2").check({**RESTORED, **given})
    assert asked.pixels_from(1280, 720) == pixels


def test_most_results_are_not_known_to_have_a_size() -> None:
    assert declaration("f5tts").check(SPEECH).pixels_from(1280, 720) is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"video": None}, "there is neither a video nor keypoints"),
        ({"keypoints": "{}", "shows": "skeletons"}, "one of them is enough"),
        ({"negative_video": "other.mp4"}, "wrong poses are made of theirs"),
        ({"shows": "skeletons", "align_frame": 3}, "drawn skeletons are not fitted to the picture"),
        ({"align_frame": 81}, "align_frame is 81, and the clip has 81 frames at most"),
        ({"person": "the left one"}, "person is 'the left one': it is neither surest, largest, a number"),
        ({"picture_person": "0"}, "picture_person is '0': it is neither"),
        ({"person": "nan,0,1,1"}, "person is 'nan,0,1,1': it is neither"),
        ({"picture_person": "10,10,10,20"}, "picture_person is '10,10,10,20': the box has no area"),
        ({"person": "5,50,10,20"}, "person is '5,50,10,20': the box has no area"),
    ],
)
def test_inputs_of_an_animation_that_say_nothing_or_contradict_each_other(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InputInvalid, match=says) as refused:
        declaration("steadydancer").check({**DANCE, **given})
    assert refused.value.mend


def test_the_pixels_of_a_clip_are_those_of_its_setting() -> None:
    assert declaration("steadydancer").check({**DANCE, "size": "832x480"}).pixels_from(64, 64) == 832 * 480
