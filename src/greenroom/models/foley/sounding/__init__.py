"""A request sounded into its places: looked at, watched, drawn, mixed, published."""
