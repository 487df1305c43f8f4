"""How much a recording holds. Who writes one keeps to this; who completes one that broke off does too."""

LARGEST_COUNT = 4_000_000
"""Events in a recording: an endless loop must not fill the memory with an index."""
LARGEST_FILE = 4 << 30
"""Bytes of a recording: an endless loop must not fill the disk."""
PRINTS_KEPT = 8 << 20
"""Characters of each stream that a recording keeps from the beginning."""
IS_FULL = "The recording is full; the program went on, but what it did from here on is not recorded."
"""The notice with which such a recording ends."""
