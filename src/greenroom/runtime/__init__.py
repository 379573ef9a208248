"""What runs a model apart from the model: memory, and who may use it."""
