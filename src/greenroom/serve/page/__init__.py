"""The page: plain modules and web components, no build step."""
