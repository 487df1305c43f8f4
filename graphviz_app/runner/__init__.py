"""Starts, warms, watches, interrupts and kills tracer processes."""
