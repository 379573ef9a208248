"""Releases on RunPod serverless: one endpoint that rolls, or a second one beside it."""
