"""Weights: read, checked, stored, and invented for tests."""
