"""Words with times become cues, and cues become files."""
