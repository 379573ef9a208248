"""Text before it is spoken: cleaned, normalised, cut into chunks."""
