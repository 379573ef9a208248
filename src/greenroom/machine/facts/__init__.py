"""Compatibility as data: a table an area with the source of every fact, and a module that reads it."""
