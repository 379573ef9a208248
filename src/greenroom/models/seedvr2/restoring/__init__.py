"""A source restored into its place: looked at, planned, done part by part, kept over crashes."""
