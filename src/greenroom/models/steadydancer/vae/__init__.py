"""The causal video autoencoder of Wan 2.1: clips to latents and back, piece by piece in time."""
