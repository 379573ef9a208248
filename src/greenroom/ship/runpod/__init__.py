"""RunPod's REST interface, version 2: a client, its types, and a server that behaves as the platform does."""
