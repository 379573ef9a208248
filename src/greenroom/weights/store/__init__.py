"""Where weights lie on this machine: found, recorded, listed, verified, pruned."""
