"""Durable jobs: accepted once, run until settled, whatever dies in between."""
