"""Sound and pictures, in and out."""
