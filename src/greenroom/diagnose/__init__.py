"""What is wrong with a build recipe, found by reading it: no engine, no network, nothing of the recipe is run."""
