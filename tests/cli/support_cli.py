"""What the tests of the command line share."""

PATIENCE = 90
"""Seconds until a command that does not end is a failure."""
