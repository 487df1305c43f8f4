"""Programs with prose, read from `resources/`."""
