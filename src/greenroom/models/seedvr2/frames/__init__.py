"""Frames on their way into the networks and out of them."""
