"""The embedded voice: Piper, on the CPU."""
