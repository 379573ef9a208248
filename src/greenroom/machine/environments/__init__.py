"""Environments by content: what a lock names is built beside, verified file by file, and switched to by a rename."""
