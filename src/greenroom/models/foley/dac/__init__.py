"""The autoencoder of sound."""
