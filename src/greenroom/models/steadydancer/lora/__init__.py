"""Small changes of weights from files of their own (LoRA, arXiv 2106.09685), added while a model is loaded."""
