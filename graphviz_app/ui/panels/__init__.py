"""The panels around the canvas: they take plain data, and say by signals what the user wants."""
