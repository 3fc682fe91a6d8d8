"""The window: a door to the engine, beside the command line. Only this package imports Qt."""
