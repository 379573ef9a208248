"""One video on several devices: what each rank of a gang computes of a step."""
