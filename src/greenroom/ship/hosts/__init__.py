"""Releases on a machine with Docker Compose, this one or one behind SSH: the new one beside the old, then a switch."""
