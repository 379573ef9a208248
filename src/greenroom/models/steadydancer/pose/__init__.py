"""The driver's motion as skeletons: people found, followed, fitted to the body in the picture, and drawn."""
