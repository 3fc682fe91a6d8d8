"""The model store: files too large to ship, fetched or carried here, checked and kept."""
