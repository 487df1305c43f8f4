"""What Python makes of the path that follows it on the command line, and of the options about paths."""

from __future__ import annotations

import os
import sys


def whole_path(path: str, directory: str) -> str:
    """The path of a program, of a folder or of an archive as the program sees it.

    Args:
        path: As it was typed.
        directory: The working directory.
    """
    if os.path.isabs(path):  # noqa: PTH117
        return path
    if os.name == "nt":
        return os.path.abspath(os.path.join(directory, path))  # noqa: PTH100, PTH118
    # But for the folder itself, Python leaves dots and slashes where they are.
    return directory if path in ("", os.curdir) else f"{directory}/{path}"


def is_path_safe() -> bool:
    """Whether Python puts no folder of the program's on the path by itself (`-P`, `-I`)."""
    return bool(getattr(sys.flags, "safe_path", sys.flags.isolated))
