"""Triton kernels over packed rows: sequences of unequal length, one behind the other, without padding between them."""
