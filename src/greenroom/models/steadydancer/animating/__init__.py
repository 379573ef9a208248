"""A request on its way: what is given, whom it shows, what is said before, and what outlives a crash."""
