"""From a proven image to a release that runs: building, deploying, rolling back."""
