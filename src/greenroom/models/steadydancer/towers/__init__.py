"""Encoders of a library: what a text says, and what is in a picture."""
