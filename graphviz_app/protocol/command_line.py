"""What Python makes of the path that follows it on the command line."""

from __future__ import annotations

import os


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
