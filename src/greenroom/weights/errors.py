"""What can be wrong with a file of weights.

FileUnreadable
└── WeightsUnreadable    it cannot be read, or is no checkpoint
    ├── WeightsPointer   a Git LFS pointer stands in its place
    ├── WeightsPage      a web page stands in its place
    ├── WeightsTruncated its end is missing
    └── NotACheckpoint   it is something else, or damaged
GreenroomError
└── WeightsUnfit         it is a checkpoint, and not of this network
    ├── OtherNetwork     it is recognised as one of another
    ├── TensorRenamed    one tensor is missing, and one of its shape is too many
    ├── TensorsDiffer    tensors are missing or too many
    ├── WrongShape       a tensor has another shape
    ├── WrongDtype       a tensor holds no numbers of the kind that weights are
    └── NotFinite        a tensor holds NaN or an infinity
"""

from __future__ import annotations

from greenroom.errors import FileUnreadable, GreenroomError

# What to do about a file that did not arrive whole.
AGAIN = "download it again"


class WeightsUnreadable(FileUnreadable):
    """The file cannot be read, or is no checkpoint."""

    code = "weights-unreadable"


class WeightsPointer(WeightsUnreadable):
    """A Git LFS pointer was saved in place of the file it points to."""

    code = "weights-lfs-pointer"


class WeightsPage(WeightsUnreadable):
    """A web page was saved in place of the file."""

    code = "weights-web-page"


class WeightsTruncated(WeightsUnreadable):
    """The file ends before its header says."""

    code = "weights-truncated"


class NotACheckpoint(WeightsUnreadable):
    """The file is of another kind, or damaged."""

    code = "weights-not-a-checkpoint"


class WeightsUnfit(GreenroomError):
    """The file is a checkpoint that does not fit the network."""

    code = "weights-unfit"


class OtherNetwork(WeightsUnfit):
    """The checkpoint is one of another network, and which is known."""

    code = "weights-other-network"


class TensorRenamed(WeightsUnfit):
    """One tensor is missing, and one of the same shape is too many."""

    code = "weights-tensor-renamed"


class TensorsDiffer(WeightsUnfit):
    """Tensors are missing, or too many."""

    code = "weights-tensors-differ"


class WrongShape(WeightsUnfit):
    """Tensors have another shape than the network's."""

    code = "weights-shape"


class WrongDtype(WeightsUnfit):
    """A tensor is of a type that no weight is stored in."""

    code = "weights-dtype"


class NotFinite(WeightsUnfit):
    """A tensor holds NaN or an infinity, or would once it is cast."""

    code = "weights-not-finite"
