"""The causal autoencoder of video, streamed in time."""
