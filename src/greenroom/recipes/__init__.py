"""The catalogue: what greenroom knows of each published model."""
