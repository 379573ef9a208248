"""Encoders of a library: what is in a picture, and what a text says."""
