"""Presets: chains on disk."""
