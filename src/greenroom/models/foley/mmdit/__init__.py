"""The denoiser, its weights, and its way from noise to the latents of a sound."""
