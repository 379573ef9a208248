"""What a sampler has room for, and how much it keeps: for it, and for plans, which count that without torch."""

from __future__ import annotations

MOST_STEPS = 100
"""Of a schedule: tables have room for so many."""

TEXT_ROOM = 16
"""Tokens: texts are given room in steps of so many, so that most share a graph."""

KEPT = 4
"""Graphs that are kept; what a step needs beside its request is shared by all."""

KEPT_OF_A_CLIP = 8
"""Graphs of a clip in groups; one of more sizes has none.

Graphs take memory of the device for as long as they are there, and a step of many rows does not wait for the host.
Beside the memory that all share, each has what stays of its group once more: for XXL 0.11 MB for each token of the two
texts, or of two a row where its windows hear several.
"""
