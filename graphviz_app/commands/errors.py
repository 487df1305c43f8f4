"""Why a command could not do what it was asked to."""


class CommandError(Exception):
    """The message is one sentence for the user; nothing else is printed, and the exit status is not 0."""
