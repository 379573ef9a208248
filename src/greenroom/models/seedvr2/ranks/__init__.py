"""One clip on several devices: what each rank of a gang does."""
