"""Releases: checked before anything changes, watched while they roll, proved by a canary, and taken back at will."""
