"""The HTTP server, the workers behind it, and the RunPod worker."""
