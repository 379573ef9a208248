"""Synchformer's visual encoder: when things happen."""
