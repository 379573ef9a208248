"""What can be wrong with a recipe: one file a subject, each a few functions from a recipe to findings."""
