"""What can be wrong with a recording, in sentences."""


class RecordingError(Exception):
    """A file is not a recording that can be opened; the message is one sentence for the user."""
