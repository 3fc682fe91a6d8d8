"""IFX Bridge: refine an effect chain with words, beside a DAW."""

__version__ = "0.1.0"
