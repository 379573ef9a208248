"""An image of a model: what is chosen, and the files that build, start, check and publish it."""
