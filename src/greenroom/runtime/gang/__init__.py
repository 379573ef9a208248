"""Ranks: processes with a device each that work together on one request."""
