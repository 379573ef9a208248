"""What can go wrong with video, beside what can go wrong with any file."""

from __future__ import annotations

from greenroom.errors import FileUnreadable, InputInvalid


class VideoDamaged(FileUnreadable):
    """A video breaks off, or does not decode from somewhere on. What was read until then is good.

    frames: how many of those asked for came before.
    """

    code = "video-damaged"

    def __init__(self, message: str, frames: int) -> None:
        super().__init__(message, mend=f"copy or download it again, or use the {frames} frames that are whole")
        self.frames = frames


class FrameSizeChanged(FileUnreadable):
    """Frames of one video have several sizes or kinds of pixels."""

    code = "frame-size-changed"


class TimesMissing(InputInvalid):
    """A container does not tell when each packet of pictures is shown: what is decoded can be counted, not copied."""

    code = "times-missing"


class AlphaPresent(InputInvalid):
    """A picture is transparent in places, which whoever reads it cannot keep."""

    code = "alpha-present"


class EncodingImpossible(InputInvalid):
    """A codec, container, pixel format or tag does not go with another."""

    code = "encoding-impossible"
