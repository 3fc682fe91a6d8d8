"""Settings whose sound is that of something else: of our chain in other plugins, of a reference."""
