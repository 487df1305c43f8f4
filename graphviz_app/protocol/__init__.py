"""The typed messages between the app and the traced program, and their framing."""
