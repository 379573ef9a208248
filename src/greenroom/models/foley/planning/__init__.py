"""What a sound will take, and the way that fits, before anything begins."""
