"""What a video may be asked to become: nothing that layers above do not write."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.errors import InputInvalid
from greenroom.inputs import fields
from greenroom.media.video.encoding import QUALITIES, container_of
from greenroom.media.video.errors import EncodingImpossible
from greenroom.recipes.inputs.seedvr2 import RestoreFileInputs
from greenroom.recipes.inputs.video import CODECS_OF, VideoFileInputs


def test_what_is_declared_is_what_is_written() -> None:
    declared = {field.name: field for field in fields(VideoFileInputs)}
    assert declared["format"].choices == tuple(CODECS_OF)
    assert declared["quality"].choices == QUALITIES
    for form, codecs in CODECS_OF.items():
        for codec in declared["codec"].choices:
            holds: Any = codec
            if codec in codecs:
                assert container_of(f".{form}", holds)
            else:
                with pytest.raises(EncodingImpossible):
                    container_of(f".{form}", holds)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"format": "webm", "codec": "h264"}, "webm does not hold it; it holds av1"),
        ({"format": "mov", "codec": "ffv1"}, "it holds h264, h265, prores"),
        ({"format": "avi"}, "mp4"),
        ({"bits": 9}, "videos have 8 or 10"),
        ({"bits": 12}, "less than or equal to 10"),
    ],
)
def test_what_no_file_holds_is_refused_at_the_edge(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InputInvalid, match=says):
        VideoFileInputs.check(given)


def test_the_served_model_takes_both_and_its_presets_hold() -> None:
    asked = RestoreFileInputs.check({"source": "x", "format": "mov", "codec": "prores", "height": 720})
    assert (asked.codec, asked.height, asked.quality, asked.bits) == ("prores", 720, "good", None)
    for values in RestoreFileInputs.presets.values():
        assert RestoreFileInputs.check({"source": "x", **values}).source == "x"
