"""Runs the program and records what autograd did; the only room that imports torch."""
