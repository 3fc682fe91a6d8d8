"""Plugins that the user owns: found, hosted in processes of their own, used as effects."""
