"""Triton kernels: over packed rows, sequences of unequal length without padding, and over frames of video."""
