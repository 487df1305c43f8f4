"""What can go wrong with an export, in sentences."""


class ExportError(Exception):
    """Nothing was written, or what was there before is still there; the message is one sentence for the user."""


class ExportCancelled(ExportError):
    """The user cancelled it."""
