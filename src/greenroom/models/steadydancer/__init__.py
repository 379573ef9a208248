"""SteadyDancer (arXiv 2511.19320): a person in a picture moves as a video says."""
