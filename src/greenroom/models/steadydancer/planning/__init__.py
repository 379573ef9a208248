"""What a video will take, and the way that fits, before anything begins."""
