"""Formats of checkpoints, one file each: what its header says, checked, and where its tensors lie."""
