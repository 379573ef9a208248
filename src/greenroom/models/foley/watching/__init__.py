"""A video as the encoders look at it, and how long its sound is."""
