"""From a model's name to its files on this machine: planned, agreed to, fetched, verified, published."""
