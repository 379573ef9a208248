"""The rule for frame counts, which several families share."""


def four_n_plus_one(frames: int | None) -> int | None:
    """Refuse a frame count that the video VAEs cannot hold: one frame, then groups of four. Raises ValueError."""
    if frames is not None and frames % 4 != 1:
        below = (frames - 1) // 4 * 4 + 1
        raise ValueError(f"the frames must be one and a multiple of four; the nearest are {below} and {below + 4}")
    return frames
