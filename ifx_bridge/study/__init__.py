"""Studies: how the shipped tables were learned, and how well things work."""
