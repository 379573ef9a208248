"""Releases as RunPod pods: a new pod beside the one in use, proved through the platform's proxy, then switched to."""
