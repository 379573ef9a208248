"""NaDiT, the transformer over windows, and its one step."""
