"""The denoiser of SteadyDancer: Wan2.1's image-to-video transformer of 14 billion weights, and what shows it poses."""
