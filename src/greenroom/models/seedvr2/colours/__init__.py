"""The colours of the source given back to what the networks made."""
