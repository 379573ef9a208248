"""HunyuanVideo-Foley (arXiv 2508.16930): sound for silent video."""
