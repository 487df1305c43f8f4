"""What to draw, for any toolkit: pure functions of layout, state and style."""
