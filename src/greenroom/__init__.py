"""greenroom: generative-media models, from a recipe to a warm, verified worker."""

__version__ = "0.1.0"
