"""Bytes over HTTP: ranged, parallel, resumed by any process, hashed, and under their name only when they are right."""
