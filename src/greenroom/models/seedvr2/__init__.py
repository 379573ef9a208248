"""SeedVR2 (arXiv 2506.05301): videos and pictures restored by one step of a diffusion transformer."""
