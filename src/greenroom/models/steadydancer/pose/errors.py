"""What can go wrong between a driving video and its skeletons."""

from __future__ import annotations

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid


class NobodyFound(InputInvalid):
    """There is no person where there must be one: in the picture, or in the frame that decides on the alignment."""

    code = "nobody-found"


class PersonNotThere(InputInvalid):
    """The person that was chosen is none of those that were found."""

    code = "person-not-there"


class DriverTooShort(InputInvalid):
    """A driving video has too few frames for the shortest clip."""

    code = "driver-too-short"


class PoseNetworkWrong(FileUnreadable):
    """An ONNX file is not the network that it was given as."""

    code = "pose-network-wrong"


class PoseNetworkFailed(GreenroomError):
    """A pose network broke off while it ran."""

    code = "pose-network-failed"


class PosesUnreadable(FileUnreadable):
    """A file of keypoints does not hold what it should."""

    code = "poses-unreadable"


class SkeletonsUnreadable(FileUnreadable):
    """A clip of ready skeletons is none, or lacks frames."""

    code = "skeletons-unreadable"


class ColoursReversed(InputInvalid):
    """Ready skeletons have red and blue the other way round: as most programs draw them, and not as the model knows."""

    code = "skeleton-colours-reversed"
