"""What fills a Host from a real machine: one file an area, none with torch, each given the root of its files."""
