"""The routes of the server, a file for each part of the interface."""
